"""CSIDrivers: what a storage driver needs to know and be told."""

from __future__ import annotations

from collections.abc import Sequence

from wherry.api import Obj
from wherry.api.field import FieldError, duplicate, invalid, not_supported
from wherry.api.meta.columns import AGE, NAME, NONE, UNSET, boolean, joined
from wherry.api.meta.objectmeta import IMMUTABLE
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


_GROUP_POLICIES = ("File", "None", "ReadWriteOnceWithFSType")
_MODES = ("Persistent", "Ephemeral")
_LEAST_SECONDS, _MOST_SECONDS, _LEAST_PERIOD = 600, 2**32, 10
_TOKENS = (
    "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible "
    "logging of tokens in volume attributes"
)


def prepare_update(new: Obj, old: Obj) -> None:
    """Generations are counted from the first change on."""
    if new["spec"] != old["spec"]:
        new["metadata"]["generation"] = (old["metadata"].get("generation") or 0) + 1


def validate(driver: Obj) -> list[FieldError]:
    spec = driver["spec"]
    faults: list[FieldError] = []
    if spec["fsGroupPolicy"] not in _GROUP_POLICIES:
        faults.append(not_supported("spec.fsGroupPolicy", spec["fsGroupPolicy"], _GROUP_POLICIES))
    faults += _validate_tokens(spec.get("tokenRequests") or [], "spec.tokenRequests")
    modes = [mode for mode in spec["volumeLifecycleModes"] if mode not in _MODES]
    faults += [not_supported("spec.volumeLifecycleModes", mode, _MODES) for mode in modes]
    period, in_secrets = spec.get("nodeAllocatableUpdatePeriodSeconds"), spec.get("serviceAccountTokenInSecrets")
    if period is not None and period < _LEAST_PERIOD:
        why = f"must be greater than or equal to {_LEAST_PERIOD} seconds"
        faults.append(invalid("spec.nodeAllocatableUpdatePeriodSeconds", period, why))
    if in_secrets is not None and not spec.get("tokenRequests"):
        why = "serviceAccountTokenInSecrets is set but no tokenRequests are specified"
        faults.append(invalid("spec.serviceAccountTokenInSecrets", in_secrets, why))
    return faults


def _validate_tokens(requests: list[Obj], path: str) -> list[FieldError]:
    faults: list[FieldError] = []
    audiences: set[str] = set()
    for index, request in enumerate(requests):
        audience, seconds = request.get("audience") or "", request.get("expirationSeconds")
        if audience in audiences:
            faults.append(duplicate(f"{path}[{index}].audience", audience))
            continue
        audiences.add(audience)
        where = f"{path}[{index}].expirationSeconds"
        if seconds is not None and seconds < _LEAST_SECONDS:
            faults.append(invalid(where, seconds, "may not specify a duration less than 10 minutes"))
        if seconds is not None and seconds > _MOST_SECONDS:
            faults.append(invalid(where, seconds, "may not specify a duration larger than 2^32 seconds"))
    return faults


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    spec, before = new["spec"], old["spec"]
    named = (("attachRequired", "attachedRequired"), ("volumeLifecycleModes", "volumeLifecycleModes"))
    return [
        invalid(f"spec.{shown}", spec.get(field), IMMUTABLE)
        for field, shown in named
        if spec.get(field) != before.get(field)
    ]


def warnings(new: Obj, old: Obj | None) -> Sequence[str]:
    spec, before = new["spec"], (old or {}).get("spec") or {}
    requests = spec.get("tokenRequests")
    if not requests or requests == before.get("tokenRequests"):
        return ()
    return () if spec.get("serviceAccountTokenInSecrets") is not None else (_TOKENS,)


CSIDRIVERS = Resource(
    group="storage.k8s.io",
    version="v1",
    kind="CSIDriver",
    plural="csidrivers",
    schema=schema("storage.k8s.io/v1", "CSIDriver"),
    scope=Scope.CLUSTER,
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
    prepare_update=prepare_update,
    validate=validate,
    validate_update=validate_update,
    warnings=warnings,
    returns_deleted=True,
)
