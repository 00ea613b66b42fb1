"""Values that keep something to themselves when they are printed: logs and failing tests show all parts of a Struct."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct


class Discreet(Struct, frozen=True):
    """A frozen value whose class names its secrets.

    class Account(Discreet, frozen=True):
        UNSHOWN = frozenset({"password"})

        name: str
        password: str
    """

    UNSHOWN: ClassVar[frozenset[str]] = frozenset()
    """Parts that `repr` leaves out."""

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__ if name not in self.UNSHOWN)
        return f"{type(self).__name__}({', '.join(shown)})"
