"""Since when devices are tainted."""

from __future__ import annotations

from wherry.api.dra.resourceslice import stamp


def test_taints_hold_from_now_on_unless_they_say_otherwise() -> None:
    taints = [{"key": "a"}, {"key": "b", "timeAdded": "2026-01-01T00:00:00Z"}]
    slice_ = {"spec": {"devices": [{"name": "d", "taints": taints}, {"name": "e"}]}}
    stamp(slice_, None, "2026-01-02T00:00:00Z")
    assert [taint["timeAdded"] for taint in taints] == ["2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"]
