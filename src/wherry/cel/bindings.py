"""`cel.bind(name, value, expression)`: a value that is computed once and used by name."""

from __future__ import annotations

from wherry.cel.ast import Expr, Ident
from wherry.cel.functions import Library, Macro, MacroError, Nodes


def _bind(nodes: Nodes, target: Expr | None, args: tuple[Expr, ...]) -> Expr | None:
    if not isinstance(target, Ident) or target.name != "cel":
        return None
    if not isinstance(args[0], Ident):
        raise MacroError("cel.bind() variable names must be simple identifiers", args[0])
    name = args[0].name
    return nodes.comprehension(
        nodes.list(), ("#unused", ""), args[1], nodes.literal(False), nodes.ident(name), args[2], name
    )


BINDINGS = Library("cel.bindings", macros=(Macro("bind", 3, _bind, is_member=True),))
