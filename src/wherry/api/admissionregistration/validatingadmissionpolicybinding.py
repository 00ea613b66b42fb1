"""ValidatingAdmissionPolicyBindings: where a policy holds, and what follows from a breach."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.admissionregistration.columns import param_reference
from wherry.api.admissionregistration.defaults import set_binding_defaults
from wherry.api.admissionregistration.policies import validate_binding
from wherry.api.field import FieldError, duplicate, invalid, not_supported, required
from wherry.api.meta.columns import AGE, NAME, text
from wherry.api.resource import Column, Resource, Scope
from wherry.api.schema import schema

_ACTIONS = ("Audit", "Deny", "Warn")
_TWICE = (
    "must not contain both Deny and Warn (repeating the same validation failure information in the API response and "
    "headers serves no purpose)"
)


def validate(binding: Obj) -> list[FieldError]:
    actions, path = (binding.get("spec") or {}).get("validationActions") or [], "spec.validationActions"
    faults = validate_binding(binding)
    for index, action in enumerate(actions):
        if action not in _ACTIONS:
            faults.append(not_supported(f"{path}[{index}]", action, _ACTIONS))
        if action in actions[:index]:
            faults.append(duplicate(f"{path}[{index}]", action))
    if "Deny" in actions and "Warn" in actions:
        faults.append(invalid(path, actions, _TWICE))
    return faults if actions else [*faults, required(path, "at least one validation action is required")]


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
    validate=validate,
)
