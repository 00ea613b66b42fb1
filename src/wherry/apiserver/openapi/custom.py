"""The types of custom kinds, from the schemas of their definitions.

Version 3 publishes a schema nearly as it was written. Version 2 can say less, and old clients trip over some of what it
can say, so what they cannot cope with is left out there: alternatives, nullable values, and what stands beside unknown
fields. In both, apiVersion, kind and metadata are those of all objects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from wherry.api.resource import GroupVersionKind, Resource
from wherry.api.schema.descriptions import Descriptions
from wherry.api.structural.schema import StructuralSchema
from wherry.apiserver.openapi.schemas import META, Json, Version

PRESERVES = "x-kubernetes-preserve-unknown-fields"
_EMBEDS = "x-kubernetes-embedded-resource"
_EITHER = "x-kubernetes-int-or-string"
_JUNCTORS = ("allOf", "anyOf", "oneOf", "not")
_NOTHING: Json = {}
_INTEGER_OR_STRING = [{"type": "integer"}, {"type": "string"}]
_CONVENTIONS = "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md"


def own_kind(resource: Resource) -> GroupVersionKind:
    return GroupVersionKind(resource.group, resource.version, resource.kind)


def list_kind(resource: Resource) -> GroupVersionKind:
    return GroupVersionKind(resource.group, resource.version, resource.list_kind)


def model_name(kind: GroupVersionKind) -> str:
    """`com.example.v1.Foo` for `Foo` of `example.com/v1`."""
    return ".".join([*reversed(kind.group.split(".")), kind.version, kind.kind])


def definitions(resource: Resource, version: Version) -> Json:
    """The types that a custom kind brings, by name: its own and that of its lists."""
    return {
        model_name(own_kind(resource)): _type(resource, version),
        model_name(list_kind(resource)): _list(resource, version),
    }


def fingerprint(resource: Resource) -> object:
    """What the types depend on, besides what is asked of every resource."""
    schema = resource.schema
    packed = schema.packed if isinstance(schema, StructuralSchema) else b""
    return resource.list_kind, tuple(resource.fields), packed


def _type(resource: Resource, version: Version) -> Json:
    schema = resource.schema
    document = schema.document if isinstance(schema, StructuralSchema) else {}
    if version is Version.V2 and (not document or document.get(PRESERVES)):
        made: Json = {"type": "object"}  # Whatever else were said, kubectl would take it for all that is allowed.
    else:
        made = _RENDER[version](document)
        made["type"] = "object"
        made["properties"] = {
            **made.get("properties", {}),
            **_type_meta(),
            "metadata": _metadata(version),
        }
    return {**made, **_extensions(resource, resource.kind)}


def _list(resource: Resource, version: Version) -> Json:
    items = {"$ref": version.value + model_name(own_kind(resource))}
    metadata = {
        "$ref": f"{version.value}{META}ListMeta",
        "description": f"Standard list metadata. More info: {_CONVENTIONS}#types-kinds",
    }
    return {
        "description": f"{resource.list_kind} is a list of {resource.kind}",
        "type": "object",
        "required": ["items"],
        "properties": {
            **_type_meta(),
            "items": {
                "description": f"List of {resource.plural}. More info: {_CONVENTIONS}",
                "type": "array",
                "items": items,
            },
            "metadata": metadata,
        },
        **_extensions(resource, resource.list_kind),
    }


def _extensions(resource: Resource, kind: str) -> Json:
    found: Json = {
        "x-kubernetes-group-version-kind": [{"group": resource.group, "kind": kind, "version": resource.version}]
    }
    if resource.fields:
        found["x-kubernetes-selectable-fields"] = [{"fieldPath": path} for path in resource.fields]
    return found


@cache
def _type_meta() -> Json:
    """What all objects say of apiVersion and kind."""
    _, fields = Descriptions().of("meta.v1.Status")
    return {name: {"description": fields[name], "type": "string"} for name in ("apiVersion", "kind")}


def _metadata(version: Version) -> Json:
    return {
        "$ref": f"{version.value}{META}ObjectMeta",
        "description": f"Standard object's metadata. More info: {_CONVENTIONS}#metadata",
    }


def _v3(schema: Json) -> Json:
    """A place of a schema; what is false or empty is not said. Made in place, since there may be thousands."""
    for key in [key for key, value in schema.items() if not value and not _is_said(key, value)]:
        del schema[key]
    for inner in schema.get("properties", _NOTHING).values():
        _v3(inner)
    for key in ("items", "additionalProperties"):
        if isinstance(inner := schema.get(key), dict):
            _v3(inner)
    if _EITHER in schema:
        _say_either(schema)
    return _embedded(schema, Version.V3) if _EMBEDS in schema else schema


def _v2(schema: Json) -> Json:
    made = {key: value for key, value in schema.items() if _is_said(key, value) and key not in _JUNCTORS}
    if made.pop("nullable", False):
        made = {key: value for key, value in made.items() if key not in ("type", "items", "properties")}
    if made.get(PRESERVES):
        made = {key: value for key, value in made.items() if key not in ("items", "properties")}
        if made.get("type") == "object":
            del made["type"]
    if made.get("type") == "array" and "items" not in made:
        del made["type"]
    _require_what_is_never_null(made)
    if properties := made.get("properties"):
        made["properties"] = {name: _v2(inner) for name, inner in properties.items()}
    for name in ("items", "additionalProperties"):
        if isinstance(inner := made.get(name), dict):
            made[name] = _v2(inner)
    return made if made.get(PRESERVES) else _embedded(made, Version.V2)


def _is_said(key: str, value: object) -> bool:
    return key in ("default", "example") or not (value is False or value is None or value == [])


_RENDER: Mapping[Version, Callable[[Json], Json]] = {Version.V3: _v3, Version.V2: _v2}
"""What is rendered belongs to the renderer."""


def _require_what_is_never_null(schema: Json) -> None:
    """Clients of version 2 do not know null, and would miss what is there."""
    required = schema.get("required")
    if not required:
        return
    properties = schema.get("properties") or {}
    kept = [name for name in required if not (properties.get(name) or {}).get("nullable")]
    values = schema.get("additionalProperties")
    if not kept or (isinstance(values, dict) and values.get("nullable")):
        del schema["required"]
    else:
        schema["required"] = kept


def _say_either(schema: Json) -> None:
    """An integer or a string, said so that a validator of plain JSON schemas knows it too."""
    if schema.get("anyOf") == _INTEGER_OR_STRING or {"anyOf": _INTEGER_OR_STRING} in schema.get("allOf", [])[:1]:
        return
    if "anyOf" not in schema:
        schema["anyOf"] = _INTEGER_OR_STRING
    else:
        schema["allOf"] = [{"anyOf": _INTEGER_OR_STRING}, *schema.get("allOf", [])]


def _embedded(schema: Json, version: Version) -> Json:
    """A whole object inside another one has the fields that all objects have."""
    if not schema.get(_EMBEDS):
        return schema
    texts = {
        "apiVersion": f"apiVersion defines the versioned schema of this representation of an object. More info: "
        f"{_CONVENTIONS}#resources",
        "kind": f"kind is a string value representing the type of this object. In CamelCase. More info: "
        f"{_CONVENTIONS}#types-kinds",
    }
    own = {name: {"description": text, "type": "string"} for name, text in texts.items()}
    schema["properties"] = {**schema.get("properties", {}), **own, "metadata": _metadata(version)}
    required = schema.get("required", [])
    schema["required"] = [*required, *(name for name in ("kind", "apiVersion") if name not in required)]
    return schema
