"""What a definition's schema may say at all, place by place: types, what is not supported, where defaults may stand.

Rules are checked here as well, bottom up: a rule is compiled only when all below it is right, since what a wrong schema
makes of it helps nobody.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from wherry.api import Obj
from wherry.api.apiextensions.listchecks import key_faults, list_faults
from wherry.api.apiextensions.options import TYPES, Options
from wherry.api.apiextensions.rulechecks import RulePlace, rule_text_faults
from wherry.api.field import FieldError, forbidden, invalid, not_supported
from wherry.api.structural.shape import parse

_META = frozenset({"metadata", "kind", "apiVersion"})
_UNSUPPORTED = ("additionalItems", "patternProperties", "definitions", "dependencies", "$ref")


class Faults(Struct):
    """Those of the schema and those of rules, apart: the former forbid to look for the latter."""

    schema: list[FieldError] = field(default_factory=list)
    rules: list[FieldError] = field(default_factory=list)

    def add(self, other: Faults) -> None:
        self.schema += other.schema
        self.rules += other.rules


class Place(Struct, frozen=True):
    """One place of a schema and what holds there because of what is above."""

    path: str
    options: Options
    rules: RulePlace | None
    """None without any, and where they are not compiled: below junctors, and in a schema that is not structural."""
    allows_cost: bool = False
    """Whether rules may cost more than is allowed now, since they did before."""
    is_root: bool = False
    is_in_meta: bool = False
    """Within apiVersion, kind or metadata of a resource."""
    no_defaults: str | None = None
    """Why there may be no default; "" for no reason given."""
    uncorrelated: str = ""
    """The path above which old and new values cannot be told to belong together."""

    def below(self, path: str, rules: RulePlace | None) -> Place:
        return replace(self, path=self.path + path, rules=rules, is_root=False)


def schema_faults(schema: Obj, place: Place) -> Faults:
    """Everything wrong with a schema and the rules in it."""
    found = Faults(list(_own_faults(schema, place)))
    found.add(_children_faults(schema, place))
    path, options = place.path, place.options
    if schema.get("x-kubernetes-preserve-unknown-fields") is False:
        why = "must be true or undefined"
        found.schema.append(invalid(f"{path}.x-kubernetes-preserve-unknown-fields", False, why))
    found.schema += list_faults(schema, path, allows_granular_sets=options.allows_granular_sets)
    if not options.allows_optional_keys:
        found.schema += key_faults(schema, path)
    if rules := schema.get("x-kubernetes-validations"):
        shape = parse(schema) if place.rules is None else place.rules.shape
        found.schema += rule_text_faults(shape, rules, f"{path}.x-kubernetes-validations")
        if not found.schema and place.rules is not None:
            at = f"{path}.x-kubernetes-validations"
            found.rules += place.rules.faults(at, place.uncorrelated, allows_cost=place.allows_cost)
    return found


def _own_faults(schema: Obj, place: Place) -> Iterator[FieldError]:
    path, type_ = place.path, schema.get("type") or ""
    if type_ and type_ not in TYPES and not place.options.allows_unknown_types:
        yield not_supported(f"{path}.type", type_, TYPES)
    if schema.get("default") is not None and place.no_defaults is not None:
        yield forbidden(f"{path}.default", f"must not be set {place.no_defaults}".rstrip())
    if schema.get("id"):
        yield forbidden(f"{path}.id", "id is not supported")
    for name in _UNSUPPORTED:
        if schema.get(name) not in (None, {}):
            yield forbidden(f"{path}.{name}", f"{name} is not supported")
    if type_ == "null":
        yield forbidden(f"{path}.type", "type cannot be set to null, use nullable as an alternative")
    if isinstance(schema.get("items"), list):
        yield forbidden(f"{path}.items", "items must be a schema object and not an array")
    if place.is_in_meta and schema.get("x-kubernetes-embedded-resource"):
        yield forbidden(f"{path}.x-kubernetes-embedded-resource", "must not be used inside of resource meta")
    if schema.get("uniqueItems"):
        why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield forbidden(f"{path}.uniqueItems", why)
    additional = schema.get("additionalProperties")
    if additional is not None and additional is not True and schema.get("properties"):
        yield forbidden(f"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive")


def _children_faults(schema: Obj, place: Place) -> Faults:
    found = Faults()
    rules = place.rules
    if isinstance(additional := schema.get("additionalProperties"), dict):
        below = place.below(".additionalProperties", rules and rules.inner())
        if place.is_in_meta:
            below = replace(below, no_defaults="inside additionalProperties applying to object metadata")
        found.add(schema_faults(additional, below))
    for name, inner in (schema.get("properties") or {}).items():
        found.add(schema_faults(inner, _property(schema, place, name)))
    for inner, path in _judging(schema):
        found.add(schema_faults(inner, place.below(path, None)))
    items = schema.get("items")
    below = place
    if schema.get("x-kubernetes-list-type") != "map":
        below = replace(place, uncorrelated=place.uncorrelated or place.path)
    if isinstance(items, dict):
        found.add(schema_faults(items, below.below(".items", rules and rules.inner())))
    return found


def _property(schema: Obj, place: Place, name: str) -> Place:
    below = place.below(f".properties[{name}]", place.rules and place.rules.field(name))
    if schema.get("x-kubernetes-map-type") not in (None, "granular", "atomic"):
        below = replace(below, uncorrelated=place.uncorrelated or place.path)
    if name in _META and (place.is_root or schema.get("x-kubernetes-embedded-resource")):
        below = replace(below, is_in_meta=True)
        if place.is_root:
            below = replace(below, no_defaults=f"in top-level {name}")
    return below


def _judging(schema: Obj) -> Iterator[tuple[Obj, str]]:
    """The schemas that judge without adding structure, and where they stand."""
    if isinstance(negated := schema.get("not"), dict):
        yield negated, ".not"
    for name in ("allOf", "oneOf", "anyOf"):
        for index, inner in enumerate(schema.get(name) or ()):
            yield inner, f".{name}[{index}]"
    for name in ("definitions", "dependencies"):
        for key, inner in (schema.get(name) or {}).items():
            if isinstance(inner, dict):
                yield inner, f".{name}[{key}]"
