"""StorageClasses: what kinds of volume there are and who makes them."""

from __future__ import annotations

from collections.abc import Sequence

from wherry.api import Obj
from wherry.api.core.podspec.warnings import DEPRECATED_NODE_LABELS
from wherry.api.field import FieldError, duplicate, invalid, not_supported, required
from wherry.api.meta.columns import AGE, NAME, boolean, text
from wherry.api.meta.names import qualified_name_faults
from wherry.api.meta.objectmeta import IMMUTABLE
from wherry.api.resource import Cell, Column, Resource, Scope
from wherry.api.schema import schema
from wherry.api.storage.rules import validate_parameters, validate_provisioner

_DEFAULT = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")


def is_default(storage_class: Obj) -> bool:
    """Whether claims that name no class get this one."""
    annotations = storage_class["metadata"].get("annotations") or {}
    return any(annotations.get(key) == "true" for key in _DEFAULT)


def _name(storage_class: Obj, _: float) -> Cell:
    name: str = storage_class["metadata"]["name"]
    return name + " (default)" if is_default(storage_class) else name


_MODES = ("Immediate", "WaitForFirstConsumer")
_POLICIES = ("Delete", "Retain")
_SETTLED = ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode")


def set_defaults(storage_class: Obj) -> None:
    storage_class.setdefault("reclaimPolicy", "Delete")
    storage_class.setdefault("volumeBindingMode", "Immediate")


def validate(storage_class: Obj) -> list[FieldError]:
    faults = validate_provisioner(storage_class.get("provisioner") or "", "provisioner")
    faults += validate_parameters(storage_class.get("parameters"), "parameters", may_be_empty=True)
    policy, mode = storage_class["reclaimPolicy"], storage_class["volumeBindingMode"]
    if policy and policy not in _POLICIES:
        faults.append(not_supported("reclaimPolicy", policy, _POLICIES))
    if mode not in _MODES:
        faults.append(not_supported("volumeBindingMode", mode, _MODES))
    return faults + _validate_topologies(storage_class.get("allowedTopologies") or [], "allowedTopologies")


def _validate_topologies(terms: list[Obj], path: str) -> list[FieldError]:
    """No two terms say the same. (Upstream compares with as many empty ones besides, so an empty term is a fault.)"""
    faults: list[FieldError] = []
    seen: list[dict[str, set[str]]] = [{} for _ in terms]
    for index, term in enumerate(terms):
        wanted: dict[str, set[str]] = {}
        where = f"{path}[{index}].matchLabelExpressions"
        for at, expression in enumerate(term.get("matchLabelExpressions") or ()):
            key, values = expression.get("key") or "", expression.get("values") or []
            faults += _validate_expression(key, values, f"{where}[{at}]")
            if key in wanted:
                faults.append(duplicate(f"{where}[{at}].key", key))
            wanted[key] = set(values)
        faults += [duplicate(where, "") for other in seen if other == wanted]
        seen.append(wanted)
    return faults


def _validate_expression(key: str, values: list[str], path: str) -> list[FieldError]:
    faults = [] if values else [required(path + ".values")]
    repeated = [index for index, value in enumerate(values) if value in values[:index]]
    faults += [duplicate(f"{path}.values[{index}]", values[index]) for index in repeated]
    return faults + [invalid(path + ".key", key, why) for why in qualified_name_faults(key)]


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    return [
        invalid(field, None, IMMUTABLE) for field in _SETTLED if (new.get(field) or None) != (old.get(field) or None)
    ]


def warnings(storage_class: Obj, _: Obj | None) -> Sequence[str]:
    return [
        f"allowedTopologies[{index}].matchLabelExpressions[{at}].key: {DEPRECATED_NODE_LABELS[expression['key']]}"
        for index, term in enumerate(storage_class.get("allowedTopologies") or ())
        for at, expression in enumerate(term.get("matchLabelExpressions") or ())
        if expression.get("key") in DEPRECATED_NODE_LABELS
    ]


STORAGECLASSES = Resource(
    group="storage.k8s.io",
    version="v1",
    kind="StorageClass",
    plural="storageclasses",
    schema=schema("storage.k8s.io/v1", "StorageClass"),
    short_names=("sc",),
    scope=Scope.CLUSTER,
    columns=(
        Column("Name", _name, format="name", description=NAME.description),
        Column("Provisioner", text("provisioner")),
        Column("ReclaimPolicy", text("reclaimPolicy", "Delete")),
        Column("VolumeBindingMode", text("volumeBindingMode", "Immediate")),
        Column("AllowVolumeExpansion", boolean("allowVolumeExpansion")),
        AGE,
    ),
    defaults=set_defaults,
    validate=validate,
    validate_update=validate_update,
    warnings=warnings,
    returns_deleted=True,
)
