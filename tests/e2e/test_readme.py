"""The README's own kind, as written: what its comments call refused or a conflict is, and all else succeeds."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest
from tests.e2e.cluster import ROOT, Cluster

_COMMAND = re.compile(r"^    kubectl (.*?)(?:\s+#\s*(.*))?$", re.MULTILINE)


def _commands() -> list[tuple[list[str], str]]:
    """(words after `kubectl`, the comment) of every line of the section."""
    section = (ROOT / "README.md").read_text().split("## A kind of your own\n")[1].split("\n## ")[0]
    return [(shlex.split(found[1]), found[2] or "") for found in _COMMAND.finditer(section)]


@pytest.fixture
def clean(api: Cluster) -> Iterator[Cluster]:
    yield api
    api.kubectl("delete", "crd", "boats.example.com", "--ignore-not-found")


def test_a_kind_of_your_own(clean: Cluster) -> None:
    api = clean
    said: list[str] = []
    for words, comment in _commands():
        here = [str(ROOT / word) if word.startswith("examples/") else word for word in words]
        if comment.startswith(("refused: ", "a conflict")):
            why = api.failure(*here)
            assert comment.removeprefix("refused: ") in why or "conflict with" in why, why
            said.append(why)
        else:
            said.append(api.kubectl(*here))
    assert "How many may sit." in said[2]
    assert said[4].split()[:6] == ["NAME", "SEATS", "FLAG", "AGE", "heron", "2"]
    assert 'with subresource "scale" using example.com/v1: .spec.seats' in said[7]
    assert "f:seats" in said[9] and "subresource: scale" in said[9]
    assert "boats.example.com" not in api.kubectl("get", "crd", "-o", "name")
