"""Values are Structs of msgspec: such a class is made in 11 µs, a dataclass in 450, and every start makes hundreds.

CPython compiles each method of a dataclass from text. Where a value has parts that Structs know no word for (not given,
not compared), or a base that they do not mix with, it is a dataclass all the same. Secrets are no such reason: they are
kept by `wherry.lib.discreet`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src/wherry"
BEYOND_STRUCTS = {"init", "compare", "hash", "kw_only"}
"""What `dataclasses.field` can say of a part, and `msgspec.field` cannot."""


def _classes() -> Iterator[tuple[str, ast.ClassDef]]:
    for path in sorted(SOURCE.rglob("*.py")):
        if "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                yield f"{path.relative_to(SOURCE)}: {node.name}", node


def _dataclasses() -> Iterator[tuple[str, ast.ClassDef]]:
    for name, node in _classes():
        if any(_callee(each) == "dataclass" for each in node.decorator_list):
            yield name, node


def _callee(node: ast.expr) -> str:
    called = node.func if isinstance(node, ast.Call) else node
    return called.id if isinstance(called, ast.Name) else ""


def _needs_a_dataclass(node: ast.ClassDef) -> bool:
    calls = [each for each in ast.walk(node) if isinstance(each, ast.Call) and _callee(each) in ("field", "dataclass")]
    said = {keyword.arg for call in calls if _callee(call) == "field" for keyword in call.keywords}
    own = {keyword.arg for call in calls if _callee(call) == "dataclass" for keyword in call.keywords}
    return bool(node.bases or said & BEYOND_STRUCTS or "init" in own)


def test_values_are_structs_where_they_can_be() -> None:
    assert [name for name, node in _dataclasses() if not _needs_a_dataclass(node)] == []


def test_what_is_not_shown_is_there() -> None:
    """A secret that is renamed would be shown again, and nobody would notice."""
    classes = dict(_classes())
    unshown = {name: parts for name, node in classes.items() if (parts := _unshown(node))}
    assert len(unshown) > 5
    assert [name for name, parts in unshown.items() if not parts <= _fields(classes[name])] == []


def _unshown(node: ast.ClassDef) -> set[str]:
    for each in node.body:
        if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name) and each.targets[0].id == "UNSHOWN":
            return {str(part.value) for part in ast.walk(each.value) if isinstance(part, ast.Constant)}
    return set()


def _fields(node: ast.ClassDef) -> set[str]:
    annotated = (each.target for each in node.body if isinstance(each, ast.AnnAssign))
    return {target.id for target in annotated if isinstance(target, ast.Name)}
