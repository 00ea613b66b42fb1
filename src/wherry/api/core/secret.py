"""Secrets: ConfigMaps for what must not be seen."""

from __future__ import annotations

from wherry.api.meta.columns import AGE, NAME, size, text
from wherry.api.resource import Column, Resource
from wherry.api.schema import schema

SECRETS = Resource(
    group="",
    version="v1",
    kind="Secret",
    plural="secrets",
    schema=schema("v1", "Secret"),
    fields={"type": lambda secret: secret.get("type") or ""},
    columns=(NAME, Column("Type", text("type")), Column("Data", size("data")), AGE),
)
