"""PodTemplates: pod specifications that are kept for later."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.core.podspec.template import set_defaults as template_defaults
from wherry.api.core.podspec.template import validate_template
from wherry.api.core.podspec.validate import RESTART_POLICIES
from wherry.api.field import FieldError
from wherry.api.meta.columns import NAME, container_columns
from wherry.api.meta.labels import format_labels
from wherry.api.resource import Column, Resource
from wherry.api.schema import schema


def set_defaults(obj: Obj) -> None:
    template_defaults(obj.get("template"))


def validate(obj: Obj) -> list[FieldError]:
    return validate_template(obj.get("template") or {}, "template", RESTART_POLICIES)


PODTEMPLATES = Resource(
    group="",
    version="v1",
    kind="PodTemplate",
    plural="podtemplates",
    schema=schema("v1", "PodTemplate"),
    has_generation=True,
    columns=(
        NAME,
        *container_columns("template.spec.containers"),
        Column(
            "Pod Labels",
            lambda template, _: format_labels(((template.get("template") or {}).get("metadata") or {}).get("labels")),
        ),
    ),
    defaults=set_defaults,
    validate=validate,
    returns_deleted=True,
)
