"""MutatingAdmissionPolicyBindings: where a policy is applied."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.admissionregistration.columns import param_reference
from wherry.api.admissionregistration.defaults import set_binding_defaults
from wherry.api.admissionregistration.matching import validate_mutable
from wherry.api.admissionregistration.policies import validate_binding
from wherry.api.field import FieldError
from wherry.api.meta.columns import AGE, NAME, text
from wherry.api.resource import Column, Resource, Scope
from wherry.api.schema import schema


def validate(binding: Obj) -> list[FieldError]:
    match = (binding.get("spec") or {}).get("matchResources")
    faults = validate_binding(binding)
    return faults if match is None else faults + validate_mutable(match, "spec.matchResources")


MUTATINGADMISSIONPOLICYBINDINGS = Resource(
    group="admissionregistration.k8s.io",
    version="v1",
    kind="MutatingAdmissionPolicyBinding",
    plural="mutatingadmissionpolicybindings",
    schema=schema("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicyBinding"),
    scope=Scope.CLUSTER,
    categories=("api-extensions",),
    has_generation=True,
    unconditional_update=False,
    columns=(
        NAME,
        Column("PolicyName", text("spec.policyName")),
        Column("ParamRef", param_reference),
        AGE,
    ),
    defaults=set_binding_defaults,
    validate=validate,
)
