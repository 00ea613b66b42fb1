"""What resources are called, and what follows from it: whether they may be overcommitted or come in whole numbers."""

from __future__ import annotations

from functools import lru_cache

from wherry.api.meta.names import qualified_name_faults

HUGE_PAGES = "hugepages-"
DEVICE_CLASS = "deviceclass.resource.kubernetes.io/"
"""What names of extended resources begin with that stand for a device class; its name follows."""
_QUOTA_HUGE_PAGES = (HUGE_PAGES, "requests." + HUGE_PAGES)

_COUNTED = frozenset(
    {
        "configmaps",
        "persistentvolumeclaims",
        "pods",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "services",
        "services.loadbalancers",
        "services.nodeports",
    }
)
_COMPUTE = frozenset({"cpu", "memory", "ephemeral-storage"})
QUOTA_NAMES = (
    _COMPUTE
    | _COUNTED
    | {f"{kind}.{name}" for kind in ("requests", "limits") for name in _COMPUTE}
    | {"requests.storage"}
)
"""What a ResourceQuota may count by a plain name."""
_STANDARD = QUOTA_NAMES | {"storage"}


def is_hugepages(name: str) -> bool:
    return name.startswith(HUGE_PAGES)


def is_native(name: str) -> bool:
    """Whether it is one of Kubernetes' own."""
    return "/" not in name or "kubernetes.io/" in name


def is_extended(name: str) -> bool:
    """Whether it belongs to a device plug-in: counted in whole numbers, never overcommitted."""
    return not is_native(name) and not name.startswith("requests.") and not qualified_name_faults("requests." + name)


def is_overcommitable(name: str) -> bool:
    return is_native(name) and not is_hugepages(name)


def is_integer(name: str) -> bool:
    return name in _COUNTED or is_extended(name)


@lru_cache(1024)
def name_faults(name: str) -> tuple[str, ...]:
    """Why something cannot be called so anywhere."""
    faults = tuple(qualified_name_faults(name))
    if not faults and "/" not in name and name not in _STANDARD and not name.startswith(_QUOTA_HUGE_PAGES):
        return ("must be a standard resource type or fully qualified",)
    return faults


def is_quota_name(name: str) -> bool:
    """Whether a plain name can stand in a ResourceQuota."""
    return name in QUOTA_NAMES or name.startswith(_QUOTA_HUGE_PAGES)
