"""What a package's front page names is there: files, folders, packages, and the words with the file they stand in."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/wherry"
PAGES = sorted(path for path in SOURCE.rglob("__init__.py") if "tests" not in path.parts)
# What every part of a kind has, wherever it stands.
_ANYWHERE = {"plan.py", "controller.py", "worker.py", "status.py"}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(SOURCE).parent))
def test_what_a_front_page_names_is_there(page: Path) -> None:
    text = ast.get_docstring(ast.parse(page.read_text())) or ""
    assert [*_missing_files(page.parent, text), *_missing_packages(text), *_missing_words(page.parent, text)] == []


def _missing_files(folder: Path, text: str) -> Iterator[str]:
    for name in re.findall(r"`([\w/]+(?:\.py|/))`", text):
        if name not in _ANYWHERE and not any((base / name).exists() for base in (folder, SOURCE, ROOT)):
            yield name


def _missing_packages(text: str) -> Iterator[str]:
    for name in re.findall(r"`wherry\.([a-z_.]+)`", text):
        path = SOURCE / name.replace(".", "/")
        if not path.is_dir() and not path.with_suffix(".py").exists():
            yield f"wherry.{name}"


def _missing_words(folder: Path, text: str) -> Iterator[str]:
    """`Word`, `Other` (`file.py`): both are defined at the top of that file."""
    for words, file in re.findall(r"((?:`\w+`(?:, )?)+) \(`([\w/]+\.py)`\)", text):
        path = next((base / file for base in (folder, SOURCE) if (base / file).exists()), None)
        source = path.read_text() if path is not None else ""
        for word in re.findall(r"`(\w+)`", words):
            if not re.search(rf"^(?:class |def |async def )?{word}\b", source, re.MULTILINE):
                yield f"{word} in {file}"
