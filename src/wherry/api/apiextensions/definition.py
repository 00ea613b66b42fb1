"""Whether a definition is one: names, versions, schemas, columns, conversion, and what a change must leave as it is.

Upstream judges its internal form, so faults stand where that has the parts: see `versions.py`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from urllib.parse import urlsplit

from wherry.api import Obj
from wherry.api.apiextensions.conversion import conversion_faults
from wherry.api.apiextensions.defaultchecks import default_faults
from wherry.api.apiextensions.openapi import Place, schema_faults
from wherry.api.apiextensions.options import Options, update_options
from wherry.api.apiextensions.parts import column_faults, selectable_faults, subresource_faults
from wherry.api.apiextensions.rulechecks import find_rules
from wherry.api.apiextensions.structurality import structural_faults, unsupported_field
from wherry.api.apiextensions.versions import (
    Part,
    any_schema,
    has_status,
    printer_columns,
    schema_of,
    schemas,
    selectable_fields,
    subresources,
)
from wherry.api.field import OMITTED, FieldError, forbidden, invalid, not_supported, required
from wherry.api.meta.names import dns1035_label_faults, dns1123_subdomain_faults
from wherry.api.meta.objectmeta import IMMUTABLE
from wherry.api.structural.formats import find_format

APPROVAL = "api-approved.kubernetes.io"


def validate_create(definition: Obj) -> list[FieldError]:
    """Everything wrong with a new definition."""
    try:
        return _create_faults(definition)
    except RecursionError:
        return [_TOO_DEEP]


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    """Everything wrong with a changed one; what was wrong before, by rules that came later, may stay."""
    try:
        return _update_faults(new, old)
    except RecursionError:
        return [_TOO_DEEP]


def validate_status_update(new: Obj, _: Obj) -> list[FieldError]:
    """What is wrong with names that are said to be accepted."""
    return list(_name_faults((new.get("status") or {}).get("acceptedNames") or {}, "status.acceptedNames"))


_TOO_DEEP = invalid("spec.versions", OMITTED, "exceeded max depth")


def _create_faults(definition: Obj) -> list[FieldError]:
    spec = definition["spec"]
    faults: list[FieldError] = []
    names = spec.get("names") or {}
    if definition["metadata"].get("name") != f"{names.get('plural') or ''}.{spec.get('group') or ''}":
        name = definition["metadata"].get("name") or ""
        faults.append(invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group'))
    common = _common_faults(definition, Options())
    return [*faults, *_spec_faults(spec, Options()), *common, *_approval_faults(definition, None)]


def _update_faults(new: Obj, old: Obj) -> list[FieldError]:
    options = update_options(new, old)
    faults = [*_spec_faults(new["spec"], options), *_common_faults(new, options), *_approval_faults(new, old)]
    fixed = [("scope",), ("names", "kind")] if options.fixes_names else []
    for path in (*fixed, ("group",), ("names", "plural")):
        value, before = _at(new["spec"], path), _at(old["spec"], path)
        if value != before:
            faults.append(invalid("spec." + ".".join(path), value, IMMUTABLE))
    return faults


def _at(spec: Obj, path: tuple[str, ...]) -> str:
    for step in path[:-1]:
        spec = spec.get(step) or {}
    return str(spec.get(path[-1]) or "")


def _common_faults(definition: Obj, options: Options) -> Iterator[FieldError]:
    yield from validate_status_update(definition, definition)
    stored = (definition.get("status") or {}).get("storedVersions") or []
    yield from _stored_version_faults(stored, definition["spec"].get("versions") or [])
    if definition["spec"].get("preserveUnknownFields"):
        yield from _preserving_faults(definition["spec"], options)


def _preserving_faults(spec: Obj, options: Options) -> Iterator[FieldError]:
    """Of a definition that keeps what it does not know, everywhere."""
    path = "spec.preserveUnknownFields"
    if not options.preserves_unknown:
        instead = "set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        yield invalid(path, True, f"cannot set to true, {instead}")
    if any_schema(spec, _has_default):
        yield invalid(path, True, "must be false in order to use defaults in the schema")
    strategy = (spec.get("conversion") or {}).get("strategy") or "None"
    if strategy != "None":
        yield invalid("spec.conversion.strategy", strategy, "must be None if spec.preserveUnknownFields is true")


def _has_default(schema: Obj) -> bool:
    return schema.get("default") is not None


_EXTENSIONS = (
    *("x-kubernetes-embedded-resource", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-int-or-string"),
    *("x-kubernetes-list-map-keys", "x-kubernetes-list-type", "x-kubernetes-validations"),
)


def _may_be_unstructured(spec: Obj, options: Options) -> bool:
    """Whether schemas need not be structural: they were not before, and nothing depends on it."""
    if not options.allows_non_structural or not spec.get("preserveUnknownFields"):
        return False
    return not any_schema(spec, lambda schema: _has_default(schema) or any(schema.get(name) for name in _EXTENSIONS))


def _stored_version_faults(stored: list[str], versions: list[Obj]) -> Iterator[FieldError]:
    path = "status.storedVersions"
    if not stored:
        yield invalid(path, stored, "must have at least one stored version")
        return
    names = [version.get("name") or "" for version in versions]
    for version in versions:
        if version.get("storage") and version.get("name") not in stored:
            yield invalid(path, stored, f"must have the storage version {version.get('name') or ''}")
    for index, name in enumerate(stored):
        if name not in names:
            why = (
                f"missing from spec.versions; {name} was previously a storage version, and must remain in "
                f"spec.versions until a storage migration ensures no data remains persisted in {name} and removes "
                f"{name} from status.storedVersions"
            )
            yield invalid(f"{path}[{index}]", name, why)


def _spec_faults(spec: Obj, options: Options) -> Iterator[FieldError]:
    yield from _group_faults(spec.get("group") or "")
    yield from _enum_faults(spec.get("scope") or "", "spec.scope", ("Cluster", "Namespaced"))
    yield from _version_faults(spec, options)
    names = spec.get("names") or {}
    for name in ("plural", "singular", "kind", "listKind"):
        if not names.get(name):
            yield required(f"spec.names.{name}")
    yield from _name_faults(names, "spec.names")
    for part in schemas(spec):
        yield from _schema_faults(spec, part, options)
    for part in subresources(spec):
        yield from subresource_faults(part)
    for part in printer_columns(spec):
        yield from column_faults(part)
    for part in selectable_fields(spec):
        schema = schema_of(spec, _version(spec, part))
        yield from selectable_faults(part, schema, allows_many=part.version in options.crowded)
    yield from conversion_faults(
        spec.get("conversion"),
        "spec.conversion",
        allows_unknown_reviews=options.allows_unknown_reviews,
        allows_bad_bundle=options.allows_bad_bundle,
    )


def _group_faults(group: str) -> Iterator[FieldError]:
    if not group:
        yield required("spec.group")
    elif why := dns1123_subdomain_faults(group):
        yield invalid("spec.group", group, ",".join(why))
    elif "." not in group:
        yield invalid("spec.group", group, "should be a domain with at least one dot")


def _enum_faults(value: str, path: str, known: tuple[str, ...]) -> Iterator[FieldError]:
    if not value:
        yield required(path)
    elif value not in known:
        yield not_supported(path, value, known)


def _version_faults(spec: Obj, options: Options) -> Iterator[FieldError]:
    versions: list[Obj] = spec.get("versions") or []
    names = [version.get("name") or "" for version in versions]
    for index, version in enumerate(versions):
        path = f"spec.versions[{index}]"
        if why := dns1035_label_faults(names[index]):
            yield invalid(f"{path}.name", names[index], ",".join(why))
        if (version.get("schema") or {}).get("openAPIV3Schema") is None:
            if not options.allows_missing_schemas:
                yield required(f"{path}.schema.openAPIV3Schema")
            elif version.get("served") and not spec.get("preserveUnknownFields"):
                yield required(f"{path}.schema.openAPIV3Schema", "because otherwise all fields are pruned")
        yield from _deprecation_faults(version, f"{path}.deprecationWarning")
    if len(set(names)) != len(names):
        yield invalid("spec.versions", versions, "must contain unique version names")
    if sum(bool(version.get("storage")) for version in versions) != 1:
        yield invalid("spec.versions", versions, "must have exactly one version marked as storage version")


def _deprecation_faults(version: Obj, path: str) -> Iterator[FieldError]:
    warning = version.get("deprecationWarning")
    if warning is None:
        return
    if not version.get("deprecated"):
        yield invalid(path, warning, "can only be set for deprecated versions")
        return
    if len(warning.encode(errors="surrogatepass")) > 256:
        yield invalid(path, warning, "must be <= 256 characters long")
    if not warning:
        yield invalid(path, warning, "must not be an empty string")
    for index, sign in enumerate(warning):
        if sign != " " and unicodedata.category(sign)[0] in "CZ":
            at = len(warning[:index].encode(errors="surrogatepass"))
            why = f"must only contain printable UTF-8 characters; non-printable character found at index {at}"
            yield invalid(path, warning, why)
            return


def _name_faults(names: Obj, path: str) -> Iterator[FieldError]:
    for field in ("plural", "singular"):
        if (name := names.get(field)) and (why := dns1035_label_faults(name)):
            yield invalid(f"{path}.{field}", name, ",".join(why))
    for field in ("kind", "listKind"):
        if (name := names.get(field)) and (why := dns1035_label_faults(name.lower())):
            told = "may have mixed case, but should otherwise match: " + ",".join(why)
            yield invalid(f"{path}.{field}", name, told)
    for field in ("shortNames", "categories"):
        for index, name in enumerate(names.get(field) or ()):
            if why := dns1035_label_faults(name):
                yield invalid(f"{path}.{field}[{index}]", name, ",".join(why))
    if names.get("kind") and names.get("kind") == names.get("listKind"):
        yield invalid(f"{path}.listKind", names["listKind"], "kind and listKind may not be the same")


_ROOT_FIELDS = (
    *("description", "type", "format", "title", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"),
    *("maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "multipleOf", "required", "items"),
    *("properties", "externalDocs", "example", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations"),
)
_ROOT_FIELDS_TEXT = (
    "[Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern "
    "MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields "
    "XValidations]"
)


def _schema_faults(spec: Obj, part: Part, options: Options) -> Iterator[FieldError]:
    schema, path = part.value.get("openAPIV3Schema"), f"{part.path}.openAPIV3Schema"
    if schema is None:
        return
    if has_status(spec, part.version):
        yield from _status_root_faults(schema, path)
    if schema.get("nullable"):
        yield forbidden(f"{path}.nullable", "nullable cannot be true at the root")
    unsupported = unsupported_field(schema)
    is_free = bool(unsupported) or _may_be_unstructured(spec, options)
    unfit = [] if is_free else _unfit_faults(schema, path, options)
    yield from unfit
    rules = None if unfit or is_free else find_rules(schema)
    allows_cost = _version(spec, part) in options.unchanged
    found = schema_faults(schema, Place(path, options, rules, allows_cost=allows_cost, is_root=True))
    yield from found.schema
    yield from found.rules
    if unsupported and not found.schema:
        yield invalid(path, "", f"OpenAPIV3Schema '{unsupported}' is not supported")
    if rules is not None:
        yield from rules.total_faults(path)


def _version(spec: Obj, part: Part) -> str:
    """The version of a part, or one of those that share it."""
    return part.version or ((spec.get("versions") or [{}])[0].get("name") or "")


def _unfit_faults(schema: Obj, path: str, options: Options) -> list[FieldError]:
    """Why rules cannot be compiled against a schema."""
    return structural_faults(schema, path) or default_faults(
        schema, path, allows_unpruned=options.allows_unpruned_defaults
    )


def _status_root_faults(schema: Obj, path: str) -> Iterator[FieldError]:
    """Of the root where there is a status subresource, whose schema is taken out of it."""
    for name, value in schema.items():
        if name == "type" and value != "object":
            why = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
            yield invalid(f"{path}.type", value, why)
            return
        if name not in _ROOT_FIELDS and value not in (None, False, "", [], {}):
            why = f"only {_ROOT_FIELDS_TEXT} fields are allowed at the root of the schema"
            yield invalid(path, schema, f"{why} if the status subresource is enabled")
            return


def _approval_faults(new: Obj, old: Obj | None) -> Iterator[FieldError]:
    """Groups of Kubernetes' own need the annotation that says who approved the API."""
    group = new["spec"].get("group") or ""
    if not any(group == name or group.endswith("." + name) for name in ("k8s.io", "kubernetes.io")):
        return
    value = (new["metadata"].get("annotations") or {}).get(APPROVAL) or ""
    if old is not None and _approval(old) == _approval(new):
        return
    path, url = f"metadata.annotations[{APPROVAL}]", "https://github.com/kubernetes/enhancements/pull/1111"
    if _approval(new) == "missing":
        yield required(path, f'protected groups must have approval annotation "{APPROVAL}", see {url}')
    elif _approval(new) == "invalid":
        what = 'with either a URL or a reason starting with "unapproved"'
        yield invalid(path, value, f'protected groups must have approval annotation "{APPROVAL}" {what}, see {url}')


def _approval(definition: Obj) -> str:
    value = (definition["metadata"].get("annotations") or {}).get(APPROVAL) or ""
    if not value:
        return "missing"
    if value.startswith("unapproved"):
        return "bypassed"
    is_uri = find_format("uri")
    if is_uri is not None and is_uri(value):
        parts = urlsplit(value)
        if parts.scheme and parts.netloc:
            return "approved"
    return "invalid"
