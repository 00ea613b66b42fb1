"""Trees as text, in the form that cel-go's own tests use: what a text means, and which types and overloads it has."""

from __future__ import annotations

from collections.abc import Container

from wherry.cel.ast import (
    Call,
    Comprehension,
    Expr,
    Ident,
    ListExpr,
    Literal,
    MapExpr,
    Select,
    StructExpr,
)
from wherry.cel.checked import Checked
from wherry.cel.conversions import double_to_string
from wherry.cel.library.quoting import quote
from wherry.cel.values import Uint


def format_tree(expr: Expr) -> str:
    """A tree on one line."""
    return _Formatter(None, ()).show(expr)


def format_checked(checked: Checked, *, without: Container[str] = ()) -> str:
    """A tree with the type of each node and, after `^`, the name or the overloads (but some) that it means."""
    return _Formatter(checked, without).show(checked.expr)


class _Formatter:
    def __init__(self, checked: Checked | None, without: Container[str]) -> None:
        self._checked = checked
        self._without = without

    def show(self, node: Expr) -> str:
        checked = self._checked
        if checked is None:
            return self._format(node)
        type_ = f"~{checked.types[node.id]}"
        name = checked.names.get(node.id)
        if name is not None:
            return f"{name.name}{type_}^{name.name}"
        if not isinstance(node, Call):
            return f"{self._format(node)}{type_}"
        resolution = checked.calls[node.id]
        overloads = sorted(each.id for each in resolution.overloads if each.id not in self._without)
        has_target = len(resolution.args) > len(node.args)
        target = f"{self.show(resolution.args[0])}." if has_target else ""
        args = ", ".join(map(self.show, node.args))
        return f"{target}{resolution.function}({args}){type_}" + (f"^{'|'.join(overloads)}" if overloads else "")

    def _format(self, node: Expr) -> str:
        show = self.show
        match node:
            case Literal():
                return _literal(node.value)
            case Ident():
                return node.name
            case Select():
                return f"{show(node.operand)}.{node.field}{'~test-only~' if node.is_test else ''}"
            case Call():
                target = f"{show(node.target)}." if node.target is not None else ""
                return f"{target}{node.function}({', '.join(map(show, node.args))})"
            case ListExpr():
                return f"[{', '.join(map(show, node.items))}]"
            case MapExpr():
                entries = (f"{'?' * e.is_optional}{show(e.key)}:{show(e.value)}" for e in node.entries)
                return f"{{{', '.join(entries)}}}"
            case StructExpr():
                fields = (f"{'?' * f.is_optional}{f.name}:{show(f.value)}" for f in node.fields)
                return f"{node.name}{{{', '.join(fields)}}}"
            case Comprehension():
                variables = (node.variable, node.second_variable) if node.second_variable else (node.variable,)
                parts = (show(node.start), show(node.condition), show(node.step), show(node.result))
                return f"__comprehension__({', '.join((*variables, show(node.range), node.accumulator, *parts))})"
        raise AssertionError(node)


def _literal(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return double_to_string(value)
    if isinstance(value, int):
        return f"{int(value)}{'u' if isinstance(value, Uint) else ''}"
    if isinstance(value, bytes):
        # What is no UTF-8 is shown byte by byte.
        return "b" + quote(value.decode(errors="surrogateescape")).replace("\\udc", "\\x")
    return quote(str(value))
