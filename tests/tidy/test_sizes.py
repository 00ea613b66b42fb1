"""Modules, classes and functions stay readable in one sitting; what does not is listed, so that it is a choice.

The list stands in pyproject.toml under [tool.wherry.sizes]; an entry that is no longer needed fails too.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/wherry"
MODULE_LINES, CLASS_LINES, FUNCTION_LINES = 400, 300, 60


def _modules() -> Iterator[Path]:
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).parts
        if parts[:2] != ("api", "types") and "tests" not in parts:
            yield path


def _lengths(path: Path) -> Iterator[tuple[str, int, int]]:
    """(name, lines, limit) of the module and of all classes and functions in it."""
    text = path.read_text()
    module = path.relative_to(SOURCE.parent).as_posix()
    yield module, text.count("\n"), MODULE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            limit = CLASS_LINES if isinstance(node, ast.ClassDef) else FUNCTION_LINES
            yield f"{module}:{node.name}", node.end_lineno - node.lineno + 1, limit


def test_nothing_is_too_long_but_what_is_listed() -> None:
    allowed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["wherry"]["sizes"]["long"])
    long = {name: lines for path in _modules() for name, lines, limit in _lengths(path) if lines > limit}
    assert {name: lines for name, lines in long.items() if name not in allowed} == {}
    assert sorted(allowed - long.keys()) == [], "these are short now: take them off the list"
