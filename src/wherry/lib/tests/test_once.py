"""A value that is worked out once."""

from __future__ import annotations

from wherry.lib.once import once


class _Asked:
    def __init__(self) -> None:
        self.times = 0

    @once
    def answer(self) -> int:
        """What is asked."""
        self.times += 1
        return 42


def test_it_is_worked_out_when_it_is_first_asked_for_and_kept() -> None:
    asked = _Asked()
    assert asked.times == 0
    assert (asked.answer, asked.answer, asked.times) == (42, 42, 1)


def test_each_object_has_its_own() -> None:
    one, other = _Asked(), _Asked()
    assert (one.answer, other.times) == (42, 0)


def test_it_says_what_it_is() -> None:
    assert _Asked.answer.__doc__ == "What is asked."
