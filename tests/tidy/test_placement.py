"""Tests live beside what they check and carry its name."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/wherry"


def test_each_test_module_names_a_module_beside_it() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["wherry"]["placement"]["scenarios"]
    strays = set()
    for path in SOURCE.rglob("tests/test_*.py"):
        subject = path.stem.removeprefix("test_")
        beside = path.parent.parent
        if not any((beside / name).exists() for name in (f"{subject}.py", f"{subject}_.py", subject)):
            strays.add(path.relative_to(SOURCE).as_posix())
    assert sorted(strays - set(listed)) == []
    assert sorted(set(listed) - strays) == [], "these have found their module: take them off the list"


def test_every_package_has_a_front_page() -> None:
    missing = [
        folder.relative_to(SOURCE).as_posix()
        for folder in SOURCE.rglob("*")
        if folder.is_dir()
        and any(folder.glob("*.py"))
        and folder.name not in ("tests", "__pycache__")
        and not (folder / "__init__.py").exists()
    ]
    assert missing == []
