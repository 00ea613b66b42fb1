"""CustomResourceDefinitions: kinds that are added to the API while it runs.

What judges definitions and their schemas is as much code as all kinds of core together, and is imported with the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wherry.api import Obj
from wherry.api.apiextensions.versions import places, schema_of, storage_version
from wherry.api.field import FieldError
from wherry.api.meta.columns import CREATED_AT, NAME, joined, text
from wherry.api.meta.conditions import is_true
from wherry.api.meta.objectmeta import keep_metadata
from wherry.api.resource import STATUS, Cell, Column, Resource, Scope, large_or_first
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
    conversion = spec.setdefault("conversion", {"strategy": "None"})
    if service := ((conversion.get("webhook") or {}).get("clientConfig") or {}).get("service"):
        service.setdefault("port", 443)


def reset_status(definition: Obj) -> None:
    """Nothing is accepted yet, but objects will be kept in the storage version from the first one on."""
    version = storage_version(definition.get("spec") or {})
    definition["status"] = {
        "conditions": [],
        "acceptedNames": {"plural": "", "kind": ""},
        "storedVersions": [version] if version else [],
    }


def remember_storage(new: Obj, _: Obj) -> None:
    """A version that objects are kept in from now on has been stored once, whatever comes later."""
    version, status = storage_version(new.get("spec") or {}), new.setdefault("status", {})
    stored = status.get("storedVersions") or []
    if version and version not in stored:
        new["status"] = {**status, "storedVersions": [*stored, version]}


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


def validate_create(definition: Obj) -> list[FieldError]:
    """Everything wrong with a new definition."""
    from wherry.api.apiextensions import definition as judging

    return judging.validate_create(definition)


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    """Everything wrong with a changed one; what was wrong before, by rules that came later, may stay."""
    from wherry.api.apiextensions import definition as judging

    return judging.validate_update(new, old)


def validate_status_update(new: Obj, old: Obj) -> list[FieldError]:
    """What is wrong with names that are said to be accepted."""
    from wherry.api.apiextensions import definition as judging

    return judging.validate_status_update(new, old)


def warnings(new: Obj, old: Obj | None) -> list[str]:
    """What a schema says that has no effect, as far as it did not say so before."""
    before = set(_warnings(old)) if old is not None else set()
    return [warning for warning in dict.fromkeys(_warnings(new)) if warning not in before]


def _warnings(definition: Obj) -> Sequence[str]:
    found = list(_places(definition))
    formats = [f'unrecognized format "{place["format"]}"' for place in found if _is_unknown_format(place)]
    return [*formats, *sorted(filter(None, map(_set_warning, found)))]


def _places(definition: Obj) -> Iterator[Obj]:
    schemas: list[Obj | None] = []
    for version in definition["spec"].get("versions") or ():
        given = schema_of(definition["spec"], version.get("name") or "")
        if given not in schemas:
            schemas.append(given)
            yield from places(given)


def _is_unknown_format(place: Obj) -> bool:
    if not place.get("format"):
        return False
    from wherry.api.structural.shape import known_format

    return not known_format(place["format"], place.get("type") or "")


def _set_warning(place: Obj) -> str:
    items = place.get("items")
    if place.get("x-kubernetes-list-type") != "set" or not isinstance(items, dict):
        return ""
    if items.get("type") not in ("object", "array"):
        return ""
    what = f'x-kubernetes-list-type: set for items of type "{items["type"]}"'
    return f"{what} is not supported by server-side apply or CEL validation rules"


def _served_versions(definition: Obj, _: float) -> Cell:
    versions = definition["spec"].get("versions") or ()
    names = (
        (version.get("name") or "") + ("(storage)" if version.get("storage") else "")
        for version in versions
        if version.get("served")
    )
    return ",".join(sorted(names))


def _is_established(definition: Obj, _: float) -> Cell:
    return is_true((definition.get("status") or {}).get("conditions"), "Established")


def _is_laborious(size: int) -> bool:
    """A rule can be told in thirty bytes, and takes a tenth of a millisecond to be compiled; the first, thirty."""
    return size > 16 * 1024 or _brings_language(size)


_brings_language = large_or_first("wherry.api.apiextensions.rulecosts")

COLUMNS = (
    NAME,
    Column("Scope", text("spec.scope"), description="Cluster/Namespaced"),
    Column("Versions", _served_versions, description="Served versions"),
    CREATED_AT,
    Column("Group", text("spec.group"), priority=1, description="API group"),
    Column("Kind", text("spec.names.kind"), priority=1, description="CustomResource kind"),
    Column("ShortNames", joined("spec.names.shortNames"), priority=1, description="Short names"),
    Column("Established", _is_established, "boolean", priority=1, description="Established status"),
)

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
    prepare_status_update=keep_metadata,
    has_generation=True,
    unconditional_update=False,
    columns=COLUMNS,
    defaults=set_defaults,
    prepare_create=reset_status,
    prepare_update=remember_storage,
    validate_create=validate_create,
    validate_update=validate_update,
    validate_status_update=validate_status_update,
    warnings=warnings,
    begin_deletion=begin_deletion,
    is_laborious=_is_laborious,
    deletion_finalizers=("customresourcecleanup.apiextensions.k8s.io",),
)
