"""CSIDrivers: what a storage driver needs to know and be told."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.meta.columns import AGE, NAME, NONE, UNSET, boolean, joined
from wherry.api.resource import Cell, Column, Resource, Scope
from wherry.api.schema import schema


def _audiences(driver: Obj, _: float) -> Cell:
    requests = (driver.get("spec") or {}).get("tokenRequests")
    return UNSET if requests is None else ",".join(request.get("audience") or "" for request in requests)


def set_defaults(driver: Obj) -> None:
    spec = driver.setdefault("spec", {})
    spec.setdefault("attachRequired", True)
    spec.setdefault("podInfoOnMount", False)
    spec.setdefault("storageCapacity", False)
    spec.setdefault("fsGroupPolicy", "ReadWriteOnceWithFSType")
    if not spec.get("volumeLifecycleModes"):
        spec["volumeLifecycleModes"] = ["Persistent"]
    spec.setdefault("requiresRepublish", False)
    spec.setdefault("seLinuxMount", False)


CSIDRIVERS = Resource(
    group="storage.k8s.io",
    version="v1",
    kind="CSIDriver",
    plural="csidrivers",
    schema=schema("storage.k8s.io/v1", "CSIDriver"),
    scope=Scope.CLUSTER,
    has_generation=True,
    unconditional_update=False,
    columns=(
        NAME,
        Column("AttachRequired", boolean("spec.attachRequired", True), "boolean"),
        Column("PodInfoOnMount", boolean("spec.podInfoOnMount"), "boolean"),
        Column("StorageCapacity", boolean("spec.storageCapacity"), "boolean"),
        Column("TokenRequests", _audiences),
        Column("RequiresRepublish", boolean("spec.requiresRepublish"), "boolean"),
        Column("Modes", joined("spec.volumeLifecycleModes", NONE)),
        AGE,
    ),
    defaults=set_defaults,
    returns_deleted=True,
)
