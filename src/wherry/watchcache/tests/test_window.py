from __future__ import annotations

import json

import pytest

from wherry.store import Compacted, Revision
from wherry.watchcache.item import Item, stamp
from wherry.watchcache.window import ADDED, DELETED, MODIFIED, Batch, Event, EventType, Window, WindowLimits


def item(revision: int, label: str = "", size: int = 0) -> Item:
    encoded = '{"metadata":{"labels":{"on":"%s"}},"x":"%s"}'.replace("%s", label, 1).replace("%s", "x" * size)
    return Item("ns", "a", Revision(revision), stamp(encoded.encode(), Revision(revision)))


def is_on(each: Item) -> bool:
    return each.labels["on"] == "yes"


@pytest.mark.parametrize(
    ("event", "seen"),
    [
        pytest.param((ADDED, "yes", None), (ADDED, "yes"), id="added, matches"),
        pytest.param((ADDED, "no", None), None, id="added, does not match"),
        pytest.param((MODIFIED, "yes", "yes"), (MODIFIED, "yes"), id="goes on matching"),
        pytest.param((MODIFIED, "yes", "no"), (ADDED, "yes"), id="begins to match"),
        pytest.param((MODIFIED, "no", "yes"), (DELETED, "yes"), id="ceases to match: the old state is shown"),
        pytest.param((MODIFIED, "no", "no"), None, id="never matched"),
        pytest.param((DELETED, "yes", "yes"), (DELETED, "yes"), id="deleted, matched"),
        pytest.param((DELETED, "no", "no"), None, id="deleted, did not match"),
    ],
)
def test_selector_transitions(event: tuple[EventType, str, str | None], seen: tuple[str, str] | None) -> None:
    event_type, now, before = event
    what = Event(event_type, item(9, now), None if before is None else item(5, before)).seen_by(is_on)
    if seen is None:
        assert what is None
        return
    assert what is not None
    assert (what.type, what.item.labels["on"], what.revision) == (*seen, 9)
    assert what.item.decode()["metadata"]["resourceVersion"] == "9"


def test_the_lines_of_a_watch() -> None:
    batch = Batch([Event(ADDED, item(1), None), Event(DELETED, item(2), item(1))])
    lines = batch.encoded().split(b"\n")
    assert lines.pop() == b""
    assert [json.loads(line)["type"] for line in lines] == ["ADDED", "DELETED"]
    assert lines[0] + b"\n" == batch.events[0].encoded()
    assert json.loads(batch.events[0].encoded("MODIFIED"))["type"] == "MODIFIED"
    assert batch.encoded() is batch.encoded()
    assert batch.revision == 2


def filled(limits: WindowLimits, size: int = 0) -> Window:
    window = Window(Revision(10), limits)
    for revision in range(11, 21):
        window.append(Event(MODIFIED, item(revision, size=size), item(revision - 1)))
    return window


def test_since() -> None:
    window = filled(WindowLimits())
    assert [event.revision for event in window.since(Revision(17))] == [18, 19, 20]
    assert len(window.since(Revision(10))) == 10
    assert window.since(Revision(20)) == []
    with pytest.raises(Compacted):
        window.since(Revision(9))


def test_bounded_by_count() -> None:
    window = filled(WindowLimits(count=4))
    assert (len(window), window.floor) == (4, 16)


def test_bounded_by_bytes() -> None:
    window = filled(WindowLimits(bytes=10_000), size=3_000)
    assert (len(window), window.floor) == (3, 17)


def test_forgetting_goes_no_further_than_asked() -> None:
    window = filled(WindowLimits())
    window.forget(Revision(15))
    assert (len(window), window.floor) == (5, 15)
    window.forget(Revision(12))
    assert window.floor == 15


def test_undo_restores_what_was_there_first() -> None:
    window = filled(WindowLimits())
    (restored,) = window.undo(Revision(14)).values()
    assert restored is not None
    assert restored.revision == 14
