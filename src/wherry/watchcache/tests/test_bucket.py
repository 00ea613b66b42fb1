from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wherry.store import Revision
from wherry.watchcache.bucket import Bucket
from wherry.watchcache.item import Item

_NAMES = st.text("ab-.", min_size=1, max_size=3)


@given(st.lists(st.tuples(st.sampled_from(["put", "remove", "list"]), _NAMES)))
def test_lists_are_in_order_whatever_happened_in_between(steps: list[tuple[str, str]]) -> None:
    bucket = Bucket()
    model: dict[str, Item] = {}
    for number, (step, name) in enumerate(steps):
        item = Item("", name, Revision(number), b"")
        if step == "put":
            assert bucket.put(item) is model.get(name)
            model[name] = item
        elif step == "remove":
            assert bucket.remove(name) is model.pop(name, None)
        else:
            assert bucket.after(name) == [model[each] for each in sorted(model) if each > name]
    assert bucket.after("") == [model[each] for each in sorted(model)]
    assert bucket.items == model


def test_a_copy_goes_its_own_way() -> None:
    bucket = Bucket()
    bucket.put(Item("", "a", Revision(1), b""))
    twin = bucket.copy()
    twin.remove("a")
    assert [item.name for item in bucket.after("")] == ["a"]
    assert twin.after("") == []
