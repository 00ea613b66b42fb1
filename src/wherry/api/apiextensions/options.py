"""What a definition may do because it did so before: rules that came later do not apply to what is stored already."""

from __future__ import annotations

from msgspec import Struct

from wherry.api import Obj
from wherry.api.apiextensions.conversion import knows_reviews
from wherry.api.apiextensions.defaultchecks import has_unpruned_defaults
from wherry.api.apiextensions.listchecks import has_granular_set_items, key_faults
from wherry.api.apiextensions.structurality import structural_faults
from wherry.api.apiextensions.versions import any_schema, schema_of, selectable_fields
from wherry.api.meta.conditions import is_true
from wherry.api.meta.webhooks import ca_bundle_faults

TYPES = ("array", "boolean", "integer", "number", "object", "string")
MOST_SELECTABLE = 8


class Options(Struct, frozen=True, kw_only=True):
    """Which rules are let go. A new definition is let go none but the last."""

    preserves_unknown: bool = False
    """`spec.preserveUnknownFields` may be true, as only definitions from before v1 can have it."""
    fixes_names: bool = False
    """Kind and scope cannot change any more."""
    allows_unknown_reviews: bool = False
    allows_missing_schemas: bool = False
    allows_unknown_types: bool = False
    allows_non_structural: bool = False
    allows_unpruned_defaults: bool = False
    allows_granular_sets: bool = False
    allows_optional_keys: bool = False
    """Keys of lists that an item may leave out, and items that may be null."""
    unchanged: frozenset[str] = frozenset()
    """Versions whose schema stays; what their rules cost was accepted before."""
    crowded: frozenset[str] = frozenset()
    """Versions ("" where they share them) that keep more selectable fields than are allowed."""
    allows_bad_bundle: bool = True


def update_options(new: Obj, old: Obj) -> Options:
    """What the change from `old` may keep."""
    before, after = old["spec"], new["spec"]
    conversion = before.get("conversion") or {}
    webhook: Obj = conversion.get("webhook") or {}
    reviews = webhook.get("conversionReviewVersions") or []
    bundle = (webhook.get("clientConfig") or {}).get("caBundle")
    is_established = is_true((old.get("status") or {}).get("conditions"), "Established")
    return Options(
        preserves_unknown=bool(before.get("preserveUnknownFields")),
        fixes_names=is_established,
        allows_unknown_reviews=bool(reviews) and not knows_reviews(reviews),
        allows_missing_schemas=any(schema_of(before, name) is None for name in _names(before)),
        allows_unknown_types=any_schema(before, lambda schema: schema.get("type", TYPES[0]) not in (*TYPES, "")),
        allows_non_structural=any(structural_faults(schema, "") for schema in _schemas(before)),
        allows_unpruned_defaults=any(map(has_unpruned_defaults, _schemas(before))),
        allows_granular_sets=any_schema(before, has_granular_set_items),
        allows_optional_keys=any_schema(before, lambda schema: bool(key_faults(schema, ""))),
        unchanged=frozenset(name for name in _names(after) if schema_of(after, name) == schema_of(before, name)),
        crowded=_crowded(after, before),
        allows_bad_bundle=not is_established or bool(bundle and ca_bundle_faults(bundle, "")),
    )


def _names(spec: Obj) -> list[str]:
    return [version.get("name") or "" for version in spec.get("versions") or ()]


def _schemas(spec: Obj) -> list[Obj]:
    found = (schema_of(spec, name) for name in _names(spec))
    return [schema for schema in found if schema is not None]


def _crowded(after: Obj, before: Obj) -> frozenset[str]:
    kept = {part.version: part.value for part in selectable_fields(before) if len(part.value) > MOST_SELECTABLE}
    return frozenset(part.version for part in selectable_fields(after) if kept.get(part.version) == part.value)
