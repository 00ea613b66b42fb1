"""MutatingAdmissionPolicies: changes in CEL that objects undergo."""

from __future__ import annotations

from wherry.api.admissionregistration.columns import param_kind
from wherry.api.admissionregistration.defaults import set_policy_defaults
from wherry.api.meta.columns import AGE, NAME, size
from wherry.api.resource import Column, Resource, Scope
from wherry.api.schema import schema

MUTATINGADMISSIONPOLICIES = Resource(
    group="admissionregistration.k8s.io",
    version="v1",
    kind="MutatingAdmissionPolicy",
    plural="mutatingadmissionpolicies",
    schema=schema("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy"),
    scope=Scope.CLUSTER,
    categories=("api-extensions",),
    has_generation=True,
    unconditional_update=False,
    columns=(
        NAME,
        Column("Mutations", size("spec.mutations"), "integer"),
        Column("ParamKind", param_kind),
        AGE,
    ),
    defaults=set_policy_defaults,
)
