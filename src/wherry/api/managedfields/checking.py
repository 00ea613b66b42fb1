"""Whether an applied object fits its kind's shape well enough to be merged.

This is less than validation: unknown fields, values of the wrong sort, and lists whose items cannot be told apart. The
texts are those of `structured-merge-diff`, which shows values the way Go prints its own wrapper of them.
"""

from __future__ import annotations

import json
from typing import Any

from wherry.api.managedfields.elements import BadElement, item_element, text
from wherry.api.patch.strategic import go_format
from wherry.api.schema.nodes import DEDUCED, Node, Scalar, Sort

Fault = tuple[str, str]
"""(path such as `.spec.replicas`, what is wrong)."""


def check(node: Node, obj: Any, *, allow_duplicates: bool = False) -> str:
    """What is wrong with an object, in one text; "" for nothing."""
    faults: list[Fault] = []
    _check(node, obj, "", allow_duplicates, faults)
    lines = [f"{path}: {what}" if path else what for path, what in faults]
    return lines[0] if len(lines) == 1 else "\n".join(["errors:", *(f"  {line}" for line in lines)]) if lines else ""


def _check(node: Node, value: Any, path: str, allow_duplicates: bool, faults: list[Fault]) -> None:
    if value is None:
        return
    sort = _deduce(value) if node.sort is Sort.DEDUCED else node.sort
    if sort is Sort.SCALAR:
        if fault := _scalar_fault(node.scalar, value):
            faults.append((path, fault))
    elif sort is Sort.MAP:
        if type(value) is dict:
            _check_map(node, value, path, allow_duplicates, faults)
        else:
            faults.append((path, f"expected map, got {_shown(value)}"))
    elif type(value) is list:
        _check_list(node, value, path, allow_duplicates, faults)
    else:
        faults.append((path, f"expected list, got {_shown(value)}"))


def _deduce(value: Any) -> Sort:
    return Sort.MAP if type(value) is dict else Sort.LIST if type(value) is list else Sort.SCALAR


def _check_map(node: Node, value: dict[str, Any], path: str, allow_duplicates: bool, faults: list[Fault]) -> None:
    for name, member in value.items():
        child = DEDUCED if node.sort is Sort.DEDUCED else node.child(name)
        if child is None:
            faults.append((f"{path}.{name}", "field not declared in schema"))
            return
        if type(member) is str and child.scalar is Scalar.STRING:
            continue
        _check(child, member, f"{path}.{name}", allow_duplicates, faults)


def _check_list(node: Node, items: list[Any], path: str, allow_duplicates: bool, faults: list[Fault]) -> None:
    item_node = node.item or DEDUCED
    is_granular = bool(node.keys) or node.is_set
    seen: set[str] = set()
    for position, item in enumerate(items):
        shown = f"[{position}]"
        if is_granular:
            try:
                step = item_element(node, item)
            except BadElement as error:
                faults.append((path, f"element {position}: {error}"))
                return
            shown = text(step)
            if step in seen and not allow_duplicates:
                faults.append((path, f"duplicate entries for key {shown}"))
            seen.add(step)
        _check(item_node, item, path + shown, allow_duplicates, faults)


def _scalar_fault(scalar: Scalar, value: Any) -> str:
    kind = type(value)
    match scalar:
        case Scalar.STRING:
            return "" if kind is str else f"expected string, got &value.valueUnstructured{{Value:{_go_syntax(value)}}}"
        case Scalar.NUMERIC:
            return "" if kind in (int, float) else f"expected numeric (int or float), got {_go_type(value)}"
        case Scalar.BOOLEAN:
            return "" if kind is bool else f"expected boolean, got {_shown(value)}"
        case Scalar.ANY:
            return f"expected any scalar, got {_shown(value)}" if kind in (dict, list) else ""


def _shown(value: Any) -> str:
    return f"&{{{go_format(value)}}}"


def _go_type(value: Any) -> str:
    names = {str: "string", bool: "bool", list: "[]interface {}", dict: "map[string]interface {}"}
    return names.get(type(value), "float64")


def _go_syntax(value: Any) -> str:
    """As Go's `%#v` prints JSON."""
    if isinstance(value, dict):
        members = ", ".join(f"{json.dumps(name)}:{_go_syntax(value[name])}" for name in sorted(value))
        return f"map[string]interface {{}}{{{members}}}"
    if isinstance(value, list):
        return f"[]interface {{}}{{{', '.join(map(_go_syntax, value))}}}"
    return "interface {}(nil)" if value is None else json.dumps(value, ensure_ascii=False)
