"""The quality-of-service class: who has to go first when a node runs short."""

from __future__ import annotations

from typing import Any

from wherry.api.meta.quantity import parse_quantity

_COUNTED = ("cpu", "memory")


def qos_class(spec: dict[str, Any]) -> str:
    """Guaranteed if all limits are set and requested in full, BestEffort if nothing is said, otherwise Burstable."""
    if spec.get("resources"):
        return _classify([spec["resources"]])
    return _classify(
        [
            container.get("resources")
            for containers in (spec.get("containers"), spec.get("initContainers"))
            for container in containers or ()
        ]
    )


def _classify(parts: list[dict[str, Any] | None]) -> str:
    anything, guaranteed = False, True
    for resources in parts:
        requests, limits = _counted(resources, "requests"), _counted(resources, "limits")
        anything = anything or bool(requests or limits)
        guaranteed = guaranteed and len(limits) == len(_COUNTED) and _equal(requests, limits)
    if not anything:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"


def _counted(resources: dict[str, Any] | None, kind: str) -> dict[str, str]:
    amounts = (resources or {}).get(kind)
    if not amounts:
        return {}
    return {name: amounts[name] for name in _COUNTED if name in amounts and parse_quantity(amounts[name]) > 0}


def _equal(requests: dict[str, str], limits: dict[str, str]) -> bool:
    return requests.keys() == limits.keys() and all(
        requests[name] == amount or parse_quantity(requests[name]) == parse_quantity(amount)
        for name, amount in limits.items()
    )
