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


def _dataclasses() -> Iterator[tuple[str, ast.ClassDef]]:
    for path in sorted(SOURCE.rglob("*.py")):
        if "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and any(_callee(each) == "dataclass" for each in node.decorator_list):
                yield f"{path.relative_to(SOURCE)}: {node.name}", node


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
