"""How large and how deep a text and its tree may be: cel-go's limits, and one of ours."""

from __future__ import annotations

from wherry.cel import operators
from wherry.cel.ast import Call, Expr, Select, children

MAX_SIZE = 100_000
"""Characters of a text."""
MAX_DEPTH = 250
"""Levels of nesting, and operators in a row."""
LONGEST_TEXT = 10_000_000
"""Characters that a function may make: to look at more would cost more than any evaluation may (a unit for ten). It is
ours as well: upstream is charged for a text when it is there, and it may be larger than any memory."""
MAX_NODES = 100_000
"""Nodes of a tree, macros expanded. This one is ours."""


def measure(expr: Expr) -> tuple[int, int]:
    """How many nodes there are, and how deep operators, selections and member calls are within each other.

    Macros may use an argument twice, and their result is an argument of the next: counted as often as it is used, such
    a tree can be larger than any memory.
    """
    measured: dict[int, tuple[int, int]] = {}
    rest = [(expr, False)]
    while rest:
        node, is_done = rest.pop()
        if node.id in measured:
            continue
        parts = list(children(node))
        if not is_done:
            rest.append((node, True))
            rest += [(part, False) for part in parts]
            continue
        size = 1 + sum(measured[part.id][0] for part in parts)
        depth = max((measured[part.id][1] for part in parts), default=0)
        measured[node.id] = size, depth + _is_counted(node)
    return measured[expr.id]


def _is_counted(node: Expr) -> bool:
    if isinstance(node, Call):
        return node.function not in _FLAT and (node.target is not None or node.function in operators.ALL)
    return isinstance(node, Select)


_FLAT = frozenset((operators.AND, operators.OR, operators.NOT, operators.NEGATE))
