"""What the documents say is true: links lead somewhere, names resolve, commands exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from wherry.api.features import Gate, Stage
from wherry.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
_CODE = re.compile(r"`(src/wherry/)?([a-z_][\w/]*\.py)(?:: (\w[\w.]*(?:, \w[\w.]*)*))?`")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    targets = _LINK.findall(document.read_text())
    assert [target for target in targets if not (document.parent / target).exists()] == []


def _named(document: Path) -> Iterator[tuple[str, str]]:
    """(module path, name in it or "") for every `path/file.py: name` in a document."""
    for match in _CODE.finditer(document.read_text()):
        for name in (match[3] or "").split(", "):
            yield match[2], name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_names_of_code_resolve(document: Path) -> None:
    unresolved = []
    for path, name in _named(document):
        file = next(
            (base / path for base in (ROOT / "src/wherry", ROOT, ROOT / "examples/testing") if (base / path).exists()),
            None,
        )
        if file is None or (name and not _defines(file, name)):
            unresolved.append(f"{path}: {name}")
    assert unresolved == []


def test_the_walk_names_code_in_every_hop() -> None:
    hops = re.findall(r"^\| (\d+) \|(.*)\|$", (ROOT / "docs/life-of-a-pod.md").read_text(), re.MULTILINE)
    assert [int(number) for number, _ in hops] == list(range(1, len(hops) + 1))
    assert [number for number, text in hops if not _CODE.search(text)] == []


def test_every_gate_stands_where_it_is() -> None:
    text = (ROOT / "docs/operations.md").read_text()
    rows = dict(re.findall(r"^\| (alpha|beta|GA|GA, locked) \|(.*)\|$", text, re.MULTILINE))
    told = {
        (name, stage, column == 0)
        for stage, cells in rows.items()
        for column, cell in enumerate(cells.split("|"))
        for name in re.findall(r"`(\w+)`", cell)
    }
    stages = {Stage.ALPHA: "alpha", Stage.BETA: "beta", Stage.GA: "GA"}
    terms = [gate.value for gate in Gate]
    assert told == {(one.name, stages[one.stage] + ", locked" * one.is_locked, one.default) for one in terms}


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [" ".join(c.path) for c in COMMANDS if f"wherry {' '.join(c.path)}" not in readme] == []


def _defines(file: Path, name: str) -> bool:
    scope: list[ast.stmt] = ast.parse(file.read_text()).body
    for part in name.split("."):
        found = next((node for node in scope if part in _names(node)), None)
        if found is None:
            return False
        scope = getattr(found, "body", [])
    return True


def _names(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Assign):
        return {target.id for target in node.targets if isinstance(target, ast.Name)}
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return {node.target.id}
    return set()
