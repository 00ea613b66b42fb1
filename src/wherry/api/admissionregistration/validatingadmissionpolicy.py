"""ValidatingAdmissionPolicies: rules in CEL that objects must keep."""

from __future__ import annotations

from wherry.api.admissionregistration.columns import param_kind
from wherry.api.admissionregistration.defaults import set_policy_defaults
from wherry.api.meta.columns import AGE, NAME, size
from wherry.api.resource import STATUS, Column, Resource, Scope
from wherry.api.schema import schema

VALIDATINGADMISSIONPOLICIES = Resource(
    group="admissionregistration.k8s.io",
    version="v1",
    kind="ValidatingAdmissionPolicy",
    plural="validatingadmissionpolicies",
    schema=schema("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"),
    scope=Scope.CLUSTER,
    categories=("api-extensions",),
    subresources=(STATUS,),
    has_generation=True,
    unconditional_update=False,
    columns=(
        NAME,
        Column("Validations", size("spec.validations"), "integer"),
        Column("ParamKind", param_kind),
        AGE,
    ),
    defaults=set_policy_defaults,
)
