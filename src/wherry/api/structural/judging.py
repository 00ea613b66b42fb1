"""The way to a schema's rules, which need the language of expressions.

That language is 4 MB and 30 ms of imports: a server that has met no rule yet does without. Therefore the modules that
speak it are imported here, when the first schema with a rule is used, and nowhere else in this package.
"""

from __future__ import annotations

from typing import Any, Protocol

from wherry.api.field import FieldError
from wherry.api.structural.correlation import Correlation
from wherry.api.structural.shape import Shape


class Judge(Protocol):
    """Asks the rules of a place and of all below it about a value; see `ruling.py`, which is the one that does."""

    def accepts(self, new: Any, old: Any) -> bool:
        """Whether all rules say yes, within the budget. The value must keep to its schema's limits."""

    def faults(self, new: Any, old: Any, correlation: Correlation | None = None, path: str = "") -> list[FieldError]:
        """What the rules say against the value at a path, counting what they cost."""

    def forgiven(self, new: Any, old: Any, correlation: Correlation) -> list[FieldError]:
        """What the rules say against that which did not change, of which the writer is told nonetheless."""

    def most_cost(self, size: int) -> int:
        """What all rules can cost at most for an object of so many bytes; compiles them."""


def find_judge(shape: Shape, *, is_resource: bool) -> Judge | None:
    """Who asks the rules of a place and of all below it; None without any."""
    if not shape.has_rules:
        return None
    from wherry.api.structural.ruling import make_ruler

    return make_ruler(shape, is_resource=is_resource)
