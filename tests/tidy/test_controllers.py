"""The page about controllers shows what they declare."""

from __future__ import annotations

from pathlib import Path

from wherry.controllers.drawing import document
from wherry.controllers.tests.test_catalog import ALL

PAGE = Path(__file__).parents[2] / "docs/controllers.md"


def test_the_page_about_controllers_is_fresh() -> None:
    assert PAGE.read_text() == document(ALL), "run: python tools/controllers.py"
