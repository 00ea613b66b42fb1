"""What is worth a thread."""

from __future__ import annotations

import sys

import pytest

from wherry.api.resource import LARGE, large_or_first


def test_the_first_object_brings_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    module = "wherry.api.imagined"
    is_laborious = large_or_first(module)
    assert is_laborious(1)
    monkeypatch.setitem(sys.modules, module, sys)
    assert not is_laborious(1)
    assert is_laborious(LARGE + 1)
