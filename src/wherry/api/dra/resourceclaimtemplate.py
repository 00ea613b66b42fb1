"""ResourceClaimTemplates: claims that are made for each pod anew."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.dra.requests import set_request_defaults, validate_claim_spec
from wherry.api.field import FieldError, invalid
from wherry.api.meta.columns import AGE, NAME
from wherry.api.meta.objectmeta import IMMUTABLE, validate_template_meta
from wherry.api.resource import Resource
from wherry.api.schema import schema


def set_defaults(template: Obj) -> None:
    set_request_defaults((template.get("spec") or {}).get("spec"))


def validate_create(template: Obj) -> list[FieldError]:
    spec = template.get("spec") or {}
    faults = validate_template_meta(spec.get("metadata") or {}, "spec.metadata")
    return faults + validate_claim_spec(spec.get("spec") or {}, "spec.spec")


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    return [] if new.get("spec") == old.get("spec") else [invalid("spec", new.get("spec"), IMMUTABLE)]


RESOURCECLAIMTEMPLATES = Resource(
    group="resource.k8s.io",
    version="v1",
    kind="ResourceClaimTemplate",
    plural="resourceclaimtemplates",
    schema=schema("resource.k8s.io/v1", "ResourceClaimTemplate"),
    columns=(NAME, AGE),
    defaults=set_defaults,
    validate_create=validate_create,
    validate_update=validate_update,
    returns_deleted=True,
)
