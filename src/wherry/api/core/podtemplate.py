"""PodTemplates: pod specifications that are kept for later."""

from __future__ import annotations

from wherry.api.meta.columns import NAME, container_columns
from wherry.api.meta.labels import format_labels
from wherry.api.resource import Column, Resource
from wherry.api.schema import schema

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
            "Pod Labels", lambda template, _: format_labels((template["template"].get("metadata") or {}).get("labels"))
        ),
    ),
)
