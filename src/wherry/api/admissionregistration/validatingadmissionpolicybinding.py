"""ValidatingAdmissionPolicyBindings: where a policy holds, and what follows from a breach."""

from __future__ import annotations

from wherry.api.admissionregistration.columns import param_reference
from wherry.api.admissionregistration.defaults import set_binding_defaults
from wherry.api.meta.columns import AGE, NAME, text
from wherry.api.resource import Column, Resource, Scope
from wherry.api.schema import schema

VALIDATINGADMISSIONPOLICYBINDINGS = Resource(
    group="admissionregistration.k8s.io",
    version="v1",
    kind="ValidatingAdmissionPolicyBinding",
    plural="validatingadmissionpolicybindings",
    schema=schema("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding"),
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
)
