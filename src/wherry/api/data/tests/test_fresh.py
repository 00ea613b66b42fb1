"""The generated files are what their generators write today."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).parents[5] / "tools"


def load(name: str) -> ModuleType:
    path = TOOLS / f"{name}.py"
    if not path.exists():
        pytest.skip("the tools are not part of this installation")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_schema_data_is_fresh() -> None:
    tool = load("gen_schema")
    if not tool.sources_present():
        pytest.skip("kubernetes-validate and lightkube-models are not installed (dependency group 'schema')")
    assert tool.main(["--check"]) == 0


def test_views_are_fresh() -> None:
    assert load("gen_views").main(["--check"]) == 0
