"""A definition's versions as `Resource`s: everything that is true of a custom kind as data.

What a built-in kind's file says by hand, a definition says by its spec and by the names that its status has accepted.
Who keeps which version, and how one becomes another, is not said here: that is the API server's business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wherry.api import Obj
from wherry.api.apiextensions.columns import columns
from wherry.api.apiextensions.scaling import scale_faults, scale_of, status_scale_faults
from wherry.api.field import FieldError
from wherry.api.meta.names import qualified_name_faults
from wherry.api.meta.objectmeta import FOREGROUND, ORPHAN, keep_metadata
from wherry.api.registry import version_rank
from wherry.api.resource import STATUS, GroupVersionKind, Resource, Scale, Scope, Subresource
from wherry.api.structural.jsonpath import PathError, compile_path
from wherry.api.structural.schema import StructuralSchema

SCALE = Subresource("scale", kind=GroupVersionKind("autoscaling", "v1", "Scale"))
_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
"""In the order in which upstream lists them for custom kinds, which `kubectl api-resources -o wide` shows."""


def resources(definition: Obj) -> tuple[Resource, ...]:
    """One for each version that is served or stored, in the definition's order. Its names must have been accepted."""
    return tuple(
        _resource(definition, version)
        for version in definition["spec"]["versions"]
        if version.get("served") or version.get("storage")
    )


def _resource(definition: Obj, version: Obj) -> Resource:
    spec, names = definition["spec"], definition["status"]["acceptedNames"]
    schema = StructuralSchema.of((version.get("schema") or {}).get("openAPIV3Schema"))
    given = version.get("subresources") or {}
    scale = scale_of(given.get("scale"))
    has_status = given.get("status") is not None
    return Resource(
        group=spec["group"],
        version=version["name"],
        kind=names["kind"],
        plural=names["plural"],
        singular=names.get("singular") or "",
        list_kind=names.get("listKind") or "",
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        scope=Scope(spec["scope"]),
        verbs=_VERBS,
        schema=schema,
        columns=columns(version.get("additionalPrinterColumns") or ()),
        subresources=(*([STATUS] if has_status else []), *([SCALE] if scale else [])),
        scale=scale,
        fields=_selectable_fields(version.get("selectableFields") or ()),
        has_generation=True,
        unconditional_update=False,
        defaults=schema.default,
        is_laborious=schema.is_laborious,
        prepare_status_update=keep_metadata,
        prepare_create=_drop_status if has_status else _nothing,
        validate_create=_validate_create(schema, scale),
        validate_update=_validate_update(schema, scale),
        validate_status_update=_validate_status_update(schema, scale),
        warnings=_warnings(schema),
    )


def deprecation_warning(definition: Obj, version: str) -> str | None:
    """What users of a deprecated version are told; None while it is not deprecated."""
    spec = definition["spec"]
    found = next((each for each in spec["versions"] if each["name"] == version), None)
    if found is None or not found.get("deprecated"):
        return None
    if found.get("deprecationWarning") is not None:
        return str(found["deprecationWarning"])
    group, kind = spec["group"], spec["names"]["kind"]
    text = f"{group}/{version} {kind} is deprecated"
    served = [each["name"] for each in spec["versions"] if each.get("served") and not each.get("deprecated")]
    better = sorted(served, key=version_rank)[:1]
    if better and version_rank(better[0]) < version_rank(version):
        text += f"; use {group}/{better[0]} {kind}"
    return text


def _drop_status(obj: Obj) -> None:
    obj.pop("status", None)


def _nothing(_: Obj) -> None:
    return None


def _validate_create(schema: StructuralSchema, scale: Scale | None) -> Callable[[Obj], list[FieldError]]:
    if scale is None:
        return schema.validate
    return lambda obj: schema.validate(obj, scale_faults(scale, obj))


def _validate_update(schema: StructuralSchema, scale: Scale | None) -> Callable[[Obj, Obj], list[FieldError]]:
    if scale is None:
        return schema.validate_update
    return lambda new, old: schema.validate_update(new, old, scale_faults(scale, new))


def _validate_status_update(schema: StructuralSchema, scale: Scale | None) -> Callable[[Obj, Obj], list[FieldError]]:
    if scale is None:
        return schema.validate_status_update
    return lambda new, old: schema.validate_status_update(new, old, status_scale_faults(scale, new))


def _selectable_fields(given: Sequence[Obj]) -> dict[str, Callable[[Obj], str]]:
    return {each["jsonPath"].removeprefix("."): _selectable(each["jsonPath"]) for each in given}


def _selectable(path: str) -> Callable[[Obj], str]:
    find = compile_path(path).find

    def value(obj: Obj) -> str:
        try:
            found = find(obj)
        except PathError:
            return ""
        return _text(found[0]) if found else ""

    return value


def _text(value: Any) -> str:
    if type(value) is bool:
        return "true" if value else "false"
    return "" if value is None else str(value)


def _warnings(schema: StructuralSchema) -> Callable[[Obj, Obj | None], list[str]]:
    def warnings(new: Obj, old: Obj | None) -> list[str]:
        forgiven = schema.update_warnings(new, old) if old is not None else []
        return forgiven + finalizer_warnings(new, old)

    return warnings


_FINALIZERS = frozenset({ORPHAN, FOREGROUND, "kubernetes"})


def finalizer_warnings(new: Obj, old: Obj | None) -> list[str]:
    """What is said of finalizers that a writer adds."""
    before = (old or {}).get("metadata", {}).get("finalizers") or ()
    added = sorted(set(new["metadata"].get("finalizers") or ()).difference(before))
    return [f'metadata.finalizers: "{name}": {why}' for name in added for why in _finalizer_faults(name)]


def _finalizer_faults(name: str) -> list[str]:
    faults = list(qualified_name_faults(name))
    if "/" not in name and name not in _FINALIZERS:
        path = " including a path (/)" if "." in name else ""
        others = " with other finalizer writers"
        faults.append(f"prefer a domain-qualified finalizer name{path} to avoid accidental conflicts{others}")
    return faults
