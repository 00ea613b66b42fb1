"""One place of a structural schema, parsed.

A schema is a tree of shapes. The tree proper ("the spine") says how objects are built: properties, items, additional
properties. Each place may carry value checks, and among them further schemas (`allOf` and the like) that may look at
what is below once more, but add nothing to the structure. They are shapes as well.

Parsing keeps what decides and drops what only describes. It is done when an object of the kind is first met.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

import msgspec
from msgspec import Struct

from wherry.api import Obj
from wherry.api.structural.formats import find_format

_FORMATS = {"integer": frozenset({"int32", "int64"}), "number": frozenset({"float", "double"})}


class Rule(Struct, frozen=True):
    """One of `x-kubernetes-validations`."""

    rule: str
    message: str = ""
    message_expression: str = ""
    reason: str = ""
    field_path: str = ""
    optional_old_self: bool | None = None


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False, kw_only=True)
class Shape:
    """One place. Compared by identity. Scalars that are asked the same are one shape, wherever they stand."""

    type: str = ""
    types: tuple[str, ...] = ()
    """What the value's JSON type is compared with: both of an int-or-string, none where any will do."""
    nullable: bool = False
    default: Any = None
    """None: there is no default. (A default cannot be null.)"""

    properties: Mapping[str, Shape]
    additional: Shape | bool | None = None
    """For maps: the shape of every value that is no property. True: anything; False: there may be none."""
    items: Shape | None = None

    preserves_unknown: bool = False
    embedded: bool = False
    """An object of some kind: has apiVersion, kind and metadata of its own."""
    int_or_string: bool = False
    list_type: str = ""
    list_keys: tuple[str, ...] = ()
    map_type: str = ""
    rules: tuple[Rule, ...] = ()

    format: str = ""
    """As it is written; "" where it is one that Kubernetes does not know, which means nothing."""
    pattern: str = ""
    max_length: int | None = None
    min_length: int | None = None
    maximum: float | None = None
    minimum: float | None = None
    exclusive_maximum: bool = False
    exclusive_minimum: bool = False
    multiple_of: float | None = None
    max_items: int | None = None
    min_items: int | None = None
    unique_items: bool = False
    max_properties: int | None = None
    min_properties: int | None = None
    required: tuple[str, ...] = ()
    enum: tuple[Any, ...] = ()

    all_of: tuple[Shape, ...] = ()
    any_of: tuple[Shape, ...] = ()
    one_of: tuple[Shape, ...] = ()
    negated: Shape | None = None
    """What must not hold (`not`)."""

    forms: dict[str, Any] = field(default_factory=dict, init=False, repr=False)
    """What has been made of it, by name: the compiled functions of a shape live as long as it does."""
    has_rules: bool = False
    """Whether there is a rule here or anywhere below on the spine."""
    has_defaults: bool = False
    """Whether there is a default here or anywhere below on the spine."""

    @property
    def is_leaf(self) -> bool:
        """Whether nothing is known of what is within: scalars, and what is free."""
        return not self.properties and self.additional is None and self.items is None and not self.embedded

    def child(self, key: str) -> Shape | None:
        """The shape of a field or of a map's value; None where nothing is known of it."""
        found = self.properties.get(key)
        if found is None and isinstance(self.additional, Shape):
            return self.additional
        return found


ANYTHING = Shape(properties={})
"""The shape of a schema that says nothing."""

_COMPOUND = frozenset(
    {"properties", "additionalProperties", "items", "allOf", "anyOf", "oneOf", "not", "x-kubernetes-validations"}
)
_TOLD = frozenset({"description", "title", "example", "externalDocs"})
_leaves: WeakValueDictionary[bytes, Shape] = WeakValueDictionary()
_encoder = msgspec.json.Encoder(order="deterministic")


def parse(document: Obj) -> Shape:
    """The shape of an `openAPIV3Schema` or of any schema within one."""
    if not _COMPOUND.isdisjoint(document):
        return _parse(document)
    mark = _encoder.encode({key: value for key, value in document.items() if key not in _TOLD})
    found = _leaves.get(mark)
    if found is None:
        found = _leaves[mark] = _parse(document)
    return found


def _parse(document: Obj) -> Shape:
    properties = {name: parse(inner) for name, inner in (document.get("properties") or {}).items()}
    additional = document.get("additionalProperties")
    items = document.get("items")
    item = parse(items) if isinstance(items, dict) else None
    rest = parse(additional) if isinstance(additional, dict) else additional
    inner = [*properties.values(), *([item] if item else ()), *([rest] if isinstance(rest, Shape) else ())]
    int_or_string = bool(document.get("x-kubernetes-int-or-string"))
    type_ = document.get("type") or ""
    negated = document.get("not")
    return Shape(
        type=type_,
        types=("integer", "string") if int_or_string else (type_,) if type_ else (),
        nullable=bool(document.get("nullable")),
        default=document.get("default"),
        properties=properties,
        additional=rest,
        items=item,
        preserves_unknown=bool(document.get("x-kubernetes-preserve-unknown-fields")),
        embedded=bool(document.get("x-kubernetes-embedded-resource")),
        int_or_string=int_or_string,
        list_type=document.get("x-kubernetes-list-type") or "",
        list_keys=tuple(document.get("x-kubernetes-list-map-keys") or ()),
        map_type=document.get("x-kubernetes-map-type") or "",
        rules=tuple(_parse_rule(rule) for rule in document.get("x-kubernetes-validations") or ()),
        format=known_format(document.get("format") or "", type_, int_or_string),
        pattern=document.get("pattern") or "",
        max_length=document.get("maxLength"),
        min_length=document.get("minLength"),
        maximum=document.get("maximum"),
        minimum=document.get("minimum"),
        exclusive_maximum=bool(document.get("exclusiveMaximum")),
        exclusive_minimum=bool(document.get("exclusiveMinimum")),
        multiple_of=document.get("multipleOf"),
        max_items=document.get("maxItems"),
        min_items=document.get("minItems"),
        unique_items=bool(document.get("uniqueItems")),
        max_properties=document.get("maxProperties"),
        min_properties=document.get("minProperties"),
        required=tuple(document.get("required") or ()),
        enum=tuple(document.get("enum") or ()),
        all_of=_parse_all(document.get("allOf")),
        any_of=_parse_all(document.get("anyOf")),
        one_of=_parse_all(document.get("oneOf")),
        negated=parse(negated) if isinstance(negated, dict) else None,
        has_rules=bool(document.get("x-kubernetes-validations")) or any(shape.has_rules for shape in inner),
        has_defaults=document.get("default") is not None or any(shape.has_defaults for shape in inner),
    )


def known_format(name: str, type_: str, int_or_string: bool = False) -> str:
    """The format, or "" when it is none that Kubernetes knows for this type: such formats are not checked."""
    if type_ in ("", "string") and not int_or_string:
        return name if name and find_format(name) is not None else ""
    return name if not int_or_string and name in _FORMATS.get(type_, ()) else ""


def _parse_all(documents: Any) -> tuple[Shape, ...]:
    return tuple(parse(document) for document in documents or ())


def _parse_rule(document: Obj) -> Rule:
    return Rule(
        document.get("rule") or "",
        document.get("message") or "",
        document.get("messageExpression") or "",
        document.get("reason") or "",
        document.get("fieldPath") or "",
        document.get("optionalOldSelf"),
    )
