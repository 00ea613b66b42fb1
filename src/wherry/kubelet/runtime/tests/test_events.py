"""containerd's envelopes, picked apart by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.kubelet.runtime.events import parse_envelope, parse_fields
from wherry.kubelet.runtime.model import EventKind, RuntimeEvent


def _varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes((value & 0x7F | 0x80,))
        value >>= 7
    return out + bytes((value,))


def _bytes(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _envelope(topic: str, container: str, process: str = "") -> bytes:
    body = (
        _bytes(1, container.encode()) + (_bytes(2, process.encode()) if process else b"") + _varint(3 << 3) + _varint(7)
    )
    event = _bytes(1, b"type.example/TaskExit") + _bytes(2, body)
    return _bytes(1, _varint(8) + _varint(1)) + _bytes(2, b"k8s.io") + _bytes(3, topic.encode()) + _bytes(4, event)


@pytest.mark.parametrize(
    ("topic", "process", "kind"),
    [
        ("/tasks/exit", "c1", EventKind.EXITED),
        ("/tasks/exit", "", EventKind.EXITED),
        ("/tasks/oom", "", EventKind.OOM),
        ("/tasks/start", "", EventKind.STARTED),
        ("/tasks/delete", "", EventKind.DELETED),
        ("/tasks/paused", "", EventKind.OTHER),
    ],
)
def test_topics(topic: str, process: str, kind: EventKind) -> None:
    assert parse_envelope(_envelope(topic, "c1", process)) == RuntimeEvent(kind, "c1")


def test_the_end_of_an_exec_is_nobodys_business() -> None:
    assert parse_envelope(_envelope("/tasks/exit", "c1", "exec-1")) is None


@given(st.lists(st.tuples(st.integers(1, 1000), st.one_of(st.integers(0, 2**63 - 1), st.binary(max_size=300)))))
def test_fields_round_trip(fields: list[tuple[int, int | bytes]]) -> None:
    data = b"".join(
        _bytes(number, value) if isinstance(value, bytes) else _varint(number << 3) + _varint(value)
        for number, value in fields
    )
    assert list(parse_fields(data)) == fields


@given(st.binary(max_size=64))
def test_garbage_is_refused_and_nothing_worse(data: bytes) -> None:
    try:
        list(parse_fields(data))
    except ValueError:
        pass
