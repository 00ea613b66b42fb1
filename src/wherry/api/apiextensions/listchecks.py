"""What a schema may say of lists: which are sets, which are maps, and what their keys are."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api import Obj
from wherry.api.field import FieldError, forbidden, invalid, not_supported, required


def has_granular_set_items(schema: Obj) -> bool:
    """Whether the items of a set are objects or lists that merge in parts: they could not be told apart then."""
    return schema.get("x-kubernetes-list-type") == "set" and bool(_granular(schema.get("items")))


def _granular(items: Obj | None) -> str:
    """The extension that would have to make items of a set atomic; "" when they are."""
    if not isinstance(items, dict):
        return ""
    if items.get("type") == "array" and items.get("x-kubernetes-list-type") not in (None, "atomic"):
        return "x-kubernetes-list-type"
    if items.get("type") == "object" and items.get("x-kubernetes-map-type") != "atomic":
        return "x-kubernetes-map-type"
    return ""


def list_faults(schema: Obj, path: str, *, allows_granular_sets: bool) -> Iterator[FieldError]:
    """Of the list and map types of one place."""
    yield from _map_type_faults(schema, path)
    list_type, type_ = schema.get("x-kubernetes-list-type"), schema.get("type") or ""
    if list_type is not None:
        if type_ != "array":
            yield _wrong_type(type_, f"{path}.type", "must be array if x-kubernetes-list-type is specified")
        elif list_type == "set" and not allows_granular_sets and (name := _granular(schema.get("items"))):
            why = "must be atomic as item of a list with x-kubernetes-list-type=set"
            yield invalid(f"{path}.items.{name}", schema["items"].get("x-kubernetes-list-type"), why)
        if list_type not in ("atomic", "set", "map"):
            yield not_supported(f"{path}.x-kubernetes-list-type", list_type, ("atomic", "set", "map"))
    if schema.get("x-kubernetes-list-map-keys") and list_type != "map":
        why = "must be map if x-kubernetes-list-map-keys is non-empty"
        yield _wrong_type(list_type, f"{path}.x-kubernetes-list-type", why)
    if list_type == "map":
        yield from _map_faults(schema, path)


def _map_type_faults(schema: Obj, path: str) -> Iterator[FieldError]:
    map_type, type_ = schema.get("x-kubernetes-map-type"), schema.get("type") or ""
    if map_type is None:
        return
    if type_ != "object":
        yield _wrong_type(type_, f"{path}.type", "must be object if x-kubernetes-map-type is specified")
    if map_type not in ("atomic", "granular"):
        yield not_supported(f"{path}.x-kubernetes-map-type", map_type, ("atomic", "granular"))


def _wrong_type(value: str | None, path: str, why: str) -> FieldError:
    return invalid(path, value, why) if value else required(path, why)


def _map_faults(schema: Obj, path: str) -> Iterator[FieldError]:
    keys, items = schema.get("x-kubernetes-list-map-keys") or [], schema.get("items")
    keys_path = f"{path}.x-kubernetes-list-map-keys"
    if not keys:
        yield required(keys_path, "must not be empty if x-kubernetes-list-type is map")
    if items is None:
        yield required(f"{path}.items", "must have a schema if x-kubernetes-list-type is map")
    elif not isinstance(items, dict):
        yield invalid(f"{path}.items", items, "must only have a single schema if x-kubernetes-list-type is map")
    elif items.get("type") != "object":
        why = "must be object if parent array's x-kubernetes-list-type is map"
        yield invalid(f"{path}.items.type", items.get("type") or "", why)
    else:
        for index, key in enumerate(keys):
            inner = (items.get("properties") or {}).get(key)
            if inner is None:
                yield invalid(keys_path, keys, "entries must all be names of item properties")
            elif inner.get("type") in ("array", "object"):
                why = "must be a scalar type if parent array's x-kubernetes-list-type is map"
                yield invalid(f"{path}.items.properties[{key}].type", items["type"], why)
            if key in keys[:index]:
                yield invalid(keys_path, keys, "must not contain duplicate entries")


def key_faults(schema: Obj, path: str) -> list[FieldError]:
    """Items of sets and maps are not null, and each item of a map has its keys."""
    list_type, items = schema.get("x-kubernetes-list-type"), schema.get("items")
    if list_type not in ("set", "map") or not isinstance(items, dict):
        return []
    faults: list[FieldError] = []
    if items.get("nullable"):
        why = f"cannot be nullable when x-kubernetes-list-type is {list_type}"
        faults.append(forbidden(f"{path}.items.nullable", why))
    for key in (schema.get("x-kubernetes-list-map-keys") or ()) if list_type == "map" else ():
        inner = (items.get("properties") or {}).get(key)
        if inner is None:
            continue
        at, why = f"{path}.items.properties[{key}]", "this property is in x-kubernetes-list-map-keys, so it"
        if key not in (items.get("required") or ()) and inner.get("default") is None:
            faults.append(required(f"{at}.default", f"{why} must have a default or be a required property"))
        if inner.get("nullable"):
            faults.append(forbidden(f"{at}.nullable", f"{why} cannot be nullable"))
    return faults
