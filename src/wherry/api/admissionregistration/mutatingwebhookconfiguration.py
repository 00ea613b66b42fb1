"""MutatingWebhookConfigurations: whom to ask for changes before an object is stored."""

from __future__ import annotations

from wherry.api.admissionregistration.defaults import set_mutating_webhook_defaults
from wherry.api.admissionregistration.webhooks import validate_create, validate_update
from wherry.api.meta.columns import AGE, NAME, size
from wherry.api.resource import Column, Resource, Scope, large_or_first
from wherry.api.schema import schema

MUTATINGWEBHOOKCONFIGURATIONS = Resource(
    group="admissionregistration.k8s.io",
    version="v1",
    kind="MutatingWebhookConfiguration",
    plural="mutatingwebhookconfigurations",
    schema=schema("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"),
    scope=Scope.CLUSTER,
    categories=("api-extensions",),
    has_generation=True,
    unconditional_update=False,
    columns=(NAME, Column("Webhooks", size("webhooks"), "integer"), AGE),
    defaults=set_mutating_webhook_defaults,
    is_laborious=large_or_first("wherry.api.admissionregistration.declarations"),
    validate_create=validate_create,
    validate_update=validate_update,
)
