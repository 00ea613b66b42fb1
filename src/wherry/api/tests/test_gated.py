"""The table of fields that belong to features."""

from __future__ import annotations

from wherry.api.gated import TABLE
from wherry.api.schema.shapes import struct


def test_every_field_exists() -> None:
    assert [one for one in TABLE if one.field not in struct(one.type).fields] == []


def test_a_field_has_one_gate() -> None:
    assert len({(one.type, one.field) for one in TABLE}) == len(TABLE)


def test_what_is_always_on_needs_no_line() -> None:
    assert [one for one in TABLE if one.gate.value.is_locked] == []
