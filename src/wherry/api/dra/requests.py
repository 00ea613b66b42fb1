"""What claims and their templates have in common: the requests for devices."""

from __future__ import annotations

from typing import Any


def set_request_defaults(spec: dict[str, Any] | None) -> None:
    """One device, unless a request says how many."""
    for request in ((spec or {}).get("devices") or {}).get("requests") or ():
        for part in (request.get("exactly"), *(request.get("firstAvailable") or ())):
            if part is None:
                continue
            part.setdefault("allocationMode", "ExactCount")
            if part["allocationMode"] == "ExactCount":
                part.setdefault("count", 1)
