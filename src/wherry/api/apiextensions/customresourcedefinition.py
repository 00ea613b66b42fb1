"""CustomResourceDefinitions: kinds that are added to the API while it runs."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, invalid, not_supported, required
from wherry.api.meta.columns import PLAIN_COLUMNS
from wherry.api.meta.names import dns1035_label_faults, dns1123_subdomain_faults
from wherry.api.meta.objectmeta import IMMUTABLE
from wherry.api.resource import STATUS, Resource, Scope
from wherry.api.schema import schema


def set_defaults(definition: Obj) -> None:
    """Names follow from the kind; objects need no conversion unless somebody offers one."""
    spec = definition.setdefault("spec", {})
    names = spec.setdefault("names", {})
    kind = names.get("kind") or ""
    if not names.get("singular"):
        names["singular"] = kind.lower()
    if not names.get("listKind") and kind:
        names["listKind"] = kind + "List"
    conversion = spec.setdefault("conversion", {})
    conversion.setdefault("strategy", "None")
    if service := ((conversion.get("webhook") or {}).get("clientConfig") or {}).get("service"):
        service.setdefault("port", 443)


def validate(definition: Obj) -> list[FieldError]:
    """The name says which resource it is about."""
    spec, name = definition["spec"], definition["metadata"].get("name") or ""
    group, plural = spec.get("group") or "", (spec.get("names") or {}).get("plural") or ""
    faults: list[FieldError] = []
    if name != f"{plural}.{group}":
        why = 'must be spec.names.plural+"."+spec.group'
        faults.append(invalid("metadata.name", name, why))
    if not group:
        faults.append(required("spec.group"))
    elif "." not in group:
        faults.append(invalid("spec.group", group, "should be a domain with at least one dot"))
    else:
        faults += [invalid("spec.group", group, why) for why in dns1123_subdomain_faults(group)]
    for field in ("plural", "singular"):
        value = spec["names"].get(field) or ""
        if value:
            faults += [invalid(f"spec.names.{field}", value, why) for why in dns1035_label_faults(value)]
    if spec.get("scope") not in ("Cluster", "Namespaced"):
        faults.append(not_supported("spec.scope", spec.get("scope") or "", ("Cluster", "Namespaced")))
    versions = spec.get("versions") or []
    names = [version.get("name") or "" for version in versions]
    if len(set(names)) != len(names):
        faults.append(invalid("spec.versions", names, "must contain unique version names"))
    if sum(bool(version.get("storage")) for version in versions) != 1:
        faults.append(invalid("spec.versions", names, "must have exactly one version marked as storage version"))
    return faults


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    """What is stored under one name and scope can not be found under another."""
    faults: list[FieldError] = []
    for path in (("group",), ("scope",), ("names", "kind"), ("names", "plural")):
        value, before = new["spec"], old["spec"]
        for step in path:
            value, before = value.get(step), before.get(step)
        if value != before:
            faults.append(invalid("spec." + ".".join(path), value, IMMUTABLE))
    return faults


def begin_deletion(definition: Obj) -> None:
    """Tell that the objects of the kind go first."""
    status = definition.setdefault("status", {})
    conditions = [each for each in status.get("conditions") or () if each.get("type") != "Terminating"]
    conditions.append(
        {
            "type": "Terminating",
            "status": "True",
            "lastTransitionTime": definition["metadata"].get("deletionTimestamp"),
            "reason": "InstanceDeletionPending",
            "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
        }
    )
    status["conditions"] = conditions


CUSTOMRESOURCEDEFINITIONS = Resource(
    group="apiextensions.k8s.io",
    version="v1",
    kind="CustomResourceDefinition",
    plural="customresourcedefinitions",
    schema=schema("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    scope=Scope.CLUSTER,
    short_names=("crd", "crds"),
    categories=("api-extensions",),
    subresources=(STATUS,),
    has_generation=True,
    unconditional_update=False,
    columns=PLAIN_COLUMNS,
    defaults=set_defaults,
    validate=validate,
    validate_update=validate_update,
    begin_deletion=begin_deletion,
    deletion_finalizers=("customresourcecleanup.apiextensions.k8s.io",),
)
