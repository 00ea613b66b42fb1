"""ResourceClaimTemplates: claims that are made for each pod anew."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.dra.requests import set_request_defaults
from wherry.api.field import FieldError, invalid
from wherry.api.meta.columns import AGE, NAME
from wherry.api.meta.objectmeta import IMMUTABLE
from wherry.api.resource import Resource
from wherry.api.schema import schema


def set_defaults(template: Obj) -> None:
    set_request_defaults((template.get("spec") or {}).get("spec"))


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
    validate_update=validate_update,
    returns_deleted=True,
)
