"""Since when a volume is in its phase."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.api.core.persistentvolume import prepare_create, stamp

THEN, NOW, OWN = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-01T12:00:00Z"


def volume(phase: str, since: str = "") -> dict[str, Any]:
    return {"status": {"phase": phase, "lastPhaseTransitionTime": since} if since else {"phase": phase}}


def test_a_new_volume_is_pending_from_now_on() -> None:
    made: dict[str, Any] = {"metadata": {}, "status": {"phase": "Bound", "lastPhaseTransitionTime": OWN}}
    prepare_create(made)
    stamp(made, None, NOW)
    assert made["status"] == {"phase": "Pending", "lastPhaseTransitionTime": NOW}


@pytest.mark.parametrize(
    ("new", "old", "since"),
    [
        pytest.param(volume("Bound"), volume("Available", THEN), NOW, id="another phase"),
        pytest.param(volume("Bound", THEN), volume("Available", THEN), NOW, id="another phase, the time sent back"),
        pytest.param(volume("Bound", OWN), volume("Available", THEN), OWN, id="another phase, a time of its own"),
        pytest.param(volume("Bound"), volume("Bound", THEN), THEN, id="the same phase"),
        pytest.param(volume("Bound", OWN), volume("Bound", THEN), OWN, id="the same phase, another time"),
        pytest.param(volume("Bound"), volume("Bound"), None, id="nobody knows"),
        pytest.param({}, volume("Bound", THEN), NOW, id="no status any more"),
    ],
)
def test_the_time_of_a_phase(new: dict[str, Any], old: dict[str, Any], since: str | None) -> None:
    stamp(new, old, NOW)
    assert new["status"].get("lastPhaseTransitionTime") == since
