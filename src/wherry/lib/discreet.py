"""Values that keep something to themselves when they are printed: logs and failing tests show all parts of a Struct."""

from __future__ import annotations

from typing import Any, ClassVar

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
        return f"{type(self).__name__}({', '.join(f'{name}={part!r}' for name, part in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """For `rich`, which prints tracebacks with the values of variables; a Struct would tell it all."""
        return [(name, getattr(self, name)) for name in self.__struct_fields__ if name not in self.UNSHOWN]
