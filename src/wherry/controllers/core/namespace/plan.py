"""What the conditions of a namespace on its way out say, and when to look again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from wherry.api import Obj
from wherry.controllers import conditions
from wherry.lib.clock import format_time

FINALIZER = "kubernetes"
REMAINING_SECONDS = 1.0
"""Look again after this while finalizers of others hold content."""


class Remains(Struct):
    """What a pass of deletion left behind."""

    kinds: dict[str, int] = field(default_factory=dict)
    """Objects still there by `plural.group`, as upstream writes it (`pods.` for the core group)."""
    finalizers: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    discovery_failure: str = ""
    grace: int = 0
    """The longest time in seconds that a Pod has to end."""

    @property
    def seconds(self) -> float:
        """When to look again at the latest: for Pods as upstream estimates, since the last of them wakes the loop."""
        return REMAINING_SECONDS if self.failures or not self.grace else self.grace / 2 + 1

    @property
    def is_empty(self) -> bool:
        return not self.kinds and not self.failures and not self.discovery_failure


def conditions_for(remains: Remains, old: Sequence[Obj], now: float) -> list[Obj]:
    """The namespace's conditions after a pass, in upstream's order; `old` are the present ones."""
    fresh = [
        _condition(
            "NamespaceDeletionDiscoveryFailure",
            remains.discovery_failure,
            ("DiscoveryFailed", "ResourcesDiscovered", "All resources successfully discovered"),
        ),
        _condition(
            "NamespaceDeletionGroupVersionParsingFailure",
            "",
            ("GroupVersionParsingFailed", "ParsedGroupVersions", "All legacy kube types successfully parsed"),
        ),
        _condition(
            "NamespaceDeletionContentFailure",
            _listed(remains.failures),
            (
                "ContentDeletionFailed",
                "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization",
            ),
        ),
        _condition(
            "NamespaceContentRemaining",
            _remaining(remains.kinds),
            ("SomeResourcesRemain", "ContentRemoved", "All content successfully removed"),
        ),
        _condition(
            "NamespaceFinalizersRemaining",
            _holding(remains.finalizers),
            ("SomeFinalizersRemain", "ContentHasNoFinalizers", "All content-preserving finalizers finished"),
        ),
    ]
    return _merged(fresh, old, now)


def _condition(type: str, trouble: str, wording: tuple[str, str, str]) -> Obj:
    bad_reason, good_reason, good_message = wording
    return {
        "type": type,
        "status": "True" if trouble else "False",
        "reason": bad_reason if trouble else good_reason,
        "message": trouble or good_message,
    }


def _merged(fresh: Sequence[Obj], old: Sequence[Obj], now: float) -> list[Obj]:
    merged = [dict(condition) for condition in old]
    for condition in fresh:
        current = conditions.find(merged, condition["type"])
        if current is None:
            merged.append({**condition, "lastTransitionTime": format_time(now)})
        elif any(current.get(name) != condition[name] for name in ("status", "reason", "message")):
            moved = current.get("status") != condition["status"]
            stamp = format_time(now) if moved else current.get("lastTransitionTime", format_time(now))
            current.update(condition, lastTransitionTime=stamp)
    return merged


def _listed(failures: Sequence[str]) -> str:
    if not failures:
        return ""
    return f"Failed to delete all resource types, {len(failures)} remaining: {', '.join(sorted(failures))}"


def _remaining(kinds: Mapping[str, int]) -> str:
    if not kinds:
        return ""
    parts = [f"{name} has {kinds[name]} resource instances" for name in sorted(kinds)]
    return f"Some resources are remaining: {', '.join(parts)}"


def _holding(finalizers: Mapping[str, int]) -> str:
    if not finalizers:
        return ""
    parts = [f"{name} in {finalizers[name]} resource instances" for name in sorted(finalizers)]
    return f"Some content in the namespace has finalizers remaining: {', '.join(parts)}"
