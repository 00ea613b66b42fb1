from __future__ import annotations

from typing import Any

import pytest

from wherry.providers.simulated.stages.paths import PathError, parse_path

POD = {
    "metadata": {"annotations": {"a.b/c": "x"}, "name": "web", "finalizers": None},
    "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Initialized", "status": "False"}]},
}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        (".metadata.name", ["web"]),
        (".metadata.finalizers", []),
        (".spec.nodeName", []),
        ('.metadata.annotations["a.b/c"]', ["x"]),
        ('.metadata.annotations."a.b/c"', ["x"]),
        (".status.conditions.[].type", ["Ready", "Initialized"]),
        (".status.conditions[].type", ["Ready", "Initialized"]),
        (".status.conditions[0].type", ["Ready"]),
        (".status.conditions[-1].type", ["Initialized"]),
        ('.status.conditions.[] | select( .type == "Initialized" ) | .status', ["False"]),
        ('.status.conditions[] | select(.type != "Ready") | .type', ["Initialized"]),
        ('.status.conditions.[] | select( .type == "None|such" ) | .status', []),
        (".metadata | .name", ["web"]),
    ],
)
def test_where_a_key_leads(path: str, values: list[Any]) -> None:
    assert parse_path(path).values(POD) == values


@pytest.mark.parametrize("path", ["", "name", ".a + 1", ".a | map(.b)", "select(.a)", ".a | | .b"])
def test_what_is_not_understood(path: str) -> None:
    with pytest.raises(PathError):
        parse_path(path)
