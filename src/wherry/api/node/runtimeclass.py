"""RuntimeClasses: names for ways to run a container (runc, a microVM)."""

from __future__ import annotations

from collections.abc import Sequence

from wherry.api import Obj
from wherry.api.core.podspec.resources import validate_resources
from wherry.api.core.podspec.scheduling import validate_tolerations
from wherry.api.core.podspec.warnings import DEPRECATED_NODE_LABELS
from wherry.api.field import FieldError, duplicate, invalid, required
from wherry.api.meta.columns import AGE, NAME, text
from wherry.api.meta.labels import validate_labels
from wherry.api.meta.names import dns1123_label_faults
from wherry.api.meta.objectmeta import IMMUTABLE
from wherry.api.resource import Column, Resource, Scope
from wherry.api.schema import schema


def validate(runtime_class: Obj) -> list[FieldError]:
    handler, scheduling = runtime_class.get("handler") or "", runtime_class.get("scheduling") or {}
    faults = [invalid("handler", handler, why) for why in dns1123_label_faults(handler)] if handler else []
    if not handler:
        faults.append(required("handler"))
    if (overhead := runtime_class.get("overhead")) is not None:
        validate_resources({"limits": overhead.get("podFixed") or {}}, {}, "overhead", faults)
    faults += validate_labels(scheduling.get("nodeSelector") or {}, "scheduling.nodeSelector")
    return faults + _validate_tolerations(scheduling.get("tolerations") or [], "scheduling.tolerations")


def _validate_tolerations(tolerations: list[Obj], path: str) -> list[FieldError]:
    """Each once: they are merged with those of the pods."""
    faults: list[FieldError] = []
    validate_tolerations(tolerations, path, faults)
    seen: set[tuple[str, ...]] = set()
    for index, toleration in enumerate(tolerations):
        key = tuple(toleration.get(field) or "" for field in ("key", "operator", "value", "effect"))
        if key in seen:
            faults.append(duplicate(f"{path}[{index}]", toleration))
        seen.add(key)
    return faults


def warnings(runtime_class: Obj, _: Obj | None) -> Sequence[str]:
    selector = (runtime_class.get("scheduling") or {}).get("nodeSelector") or {}
    return [
        f"scheduling.nodeSelector: {DEPRECATED_NODE_LABELS[key]}" for key in selector if key in DEPRECATED_NODE_LABELS
    ]


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    handler = new.get("handler")
    return [] if handler == old.get("handler") else [invalid("handler", None, IMMUTABLE)]


RUNTIMECLASSES = Resource(
    group="node.k8s.io",
    version="v1",
    kind="RuntimeClass",
    plural="runtimeclasses",
    schema=schema("node.k8s.io/v1", "RuntimeClass"),
    scope=Scope.CLUSTER,
    unconditional_update=False,
    create_on_update=True,
    columns=(NAME, Column("Handler", text("handler")), AGE),
    validate=validate,
    warnings=warnings,
    validate_update=validate_update,
)
