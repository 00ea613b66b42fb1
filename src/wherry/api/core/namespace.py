"""Namespaces: the folders of the cluster; deleting one empties it first."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, invalid
from wherry.api.meta.columns import AGE, NAME, text
from wherry.api.meta.names import label_name, qualified_name_faults
from wherry.api.meta.objectmeta import FOREGROUND, ORPHAN
from wherry.api.resource import STATUS, Column, Resource, Scope, Subresource
from wherry.api.schema import schema

SYSTEM_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
"""Those that every cluster has from its first moment."""

_NAME_LABEL = "kubernetes.io/metadata.name"
_FINALIZER = "kubernetes"
_STANDARD = (_FINALIZER, ORPHAN, FOREGROUND)


def set_defaults(namespace: Obj) -> None:
    """Every namespace carries its name as a label, so that selectors can mean it."""
    metadata = namespace["metadata"]
    if name := metadata.get("name"):
        metadata["labels"] = {**(metadata.get("labels") or {}), _NAME_LABEL: name}


def prepare_create(namespace: Obj) -> None:
    """A new namespace is active, and held until its contents are gone."""
    set_defaults(namespace)
    namespace["status"] = {"phase": "Active"}
    finalizers = (namespace.get("spec") or {}).get("finalizers") or []
    if _FINALIZER not in finalizers:
        finalizers = [*finalizers, _FINALIZER]
    namespace["spec"] = {"finalizers": finalizers}


def prepare_update(new: Obj, old: Obj) -> None:
    """Finalizers change through `finalize` alone."""
    new["spec"] = old.get("spec") or {}


def begin_deletion(namespace: Obj) -> None:
    namespace.setdefault("status", {})["phase"] = "Terminating"


def is_held(namespace: Obj) -> bool:
    return bool((namespace.get("spec") or {}).get("finalizers"))


def validate_create(namespace: Obj) -> list[FieldError]:
    finalizers = (namespace.get("spec") or {}).get("finalizers") or ()
    return [fault for finalizer in finalizers for fault in _validate_finalizer(finalizer, "spec.finalizers")]


def validate_update(new: Obj, _: Obj) -> list[FieldError]:
    """Through `finalize`; other updates leave them as they are."""
    finalizers = enumerate((new.get("spec") or {}).get("finalizers") or ())
    return [fault for i, finalizer in finalizers for fault in _validate_finalizer(finalizer, f"spec.finalizers[{i}]")]


def _validate_finalizer(finalizer: str, path: str) -> list[FieldError]:
    faults = [invalid(path, finalizer, why) for why in qualified_name_faults(finalizer)]
    if "/" not in finalizer and finalizer not in _STANDARD:
        why = "name is neither a standard finalizer name nor is it fully qualified"
        faults.append(invalid(path, finalizer, why))
    return faults


def validate_status_update(new: Obj, _: Obj) -> list[FieldError]:
    """The phase says whether the namespace is on its way out, and so it must agree with its metadata."""
    phase = (new.get("status") or {}).get("phase")
    if new["metadata"].get("deletionTimestamp"):
        if phase != "Terminating":
            why = "may only be 'Terminating' if `deletionTimestamp` is not empty"
            return [invalid("status.Phase", phase or "", why)]
    elif phase != "Active":
        return [invalid("status.Phase", phase or "", "may only be 'Active' if `deletionTimestamp` is empty")]
    return []


NAMESPACES = Resource(
    group="",
    version="v1",
    kind="Namespace",
    plural="namespaces",
    schema=schema("v1", "Namespace"),
    short_names=("ns",),
    scope=Scope.CLUSTER,
    verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
    subresources=(Subresource("finalize", ("update",), writes=("spec",)), STATUS),
    fields={"status.phase": lambda namespace: (namespace.get("status") or {}).get("phase") or ""},
    validate_name=label_name,
    columns=(NAME, Column("Status", text("status.phase")), AGE),
    defaults=set_defaults,
    prepare_create=prepare_create,
    prepare_update=prepare_update,
    validate_create=validate_create,
    validate_update=validate_update,
    validate_status_update=validate_status_update,
    begin_deletion=begin_deletion,
    is_held=is_held,
)
