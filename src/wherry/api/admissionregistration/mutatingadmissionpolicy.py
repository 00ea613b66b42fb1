"""MutatingAdmissionPolicies: changes in CEL that objects undergo."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.admissionregistration.columns import param_kind
from wherry.api.admissionregistration.defaults import set_policy_defaults
from wherry.api.admissionregistration.expressions import Result, Terms
from wherry.api.admissionregistration.matching import REINVOCATION_POLICIES, validate_mutable
from wherry.api.admissionregistration.policies import validate_policy, validate_text
from wherry.api.field import FieldError, invalid, not_supported, required
from wherry.api.meta.columns import AGE, NAME, size
from wherry.api.resource import Column, Resource, Scope, large_or_first
from wherry.api.schema import schema

_PATCHES = {
    "ApplyConfiguration": ("applyConfiguration", "jsonPatch", Result.APPLY_CONFIGURATION),
    "JSONPatch": ("jsonPatch", "applyConfiguration", Result.JSON_PATCH),
}
"""Type of patch -> where it stands, what must not stand beside it, what its expression gives."""


def validate_create(policy: Obj) -> list[FieldError]:
    return _validate(policy, None)


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    return _validate(new, old.get("spec") or {})


def _validate(policy: Obj, before: Obj | None) -> list[FieldError]:
    spec = policy.get("spec") or {}
    terms = Terms(has_params=spec.get("paramKind") is not None, variables={})
    faults = validate_policy(spec, before, terms)
    if (match := spec.get("matchConstraints")) is not None:
        faults += validate_mutable(match, "spec.matchConstraints")
    mutations, reinvocation = spec.get("mutations") or (), spec.get("reinvocationPolicy") or ""
    if not mutations:
        faults.append(required("spec.mutations", "mutations must contain at least one item"))
    terms.can_patch = True
    for index, mutation in enumerate(mutations):
        faults += _validate_mutation(mutation, terms, f"spec.mutations[{index}]")
    if not reinvocation:
        faults.append(required("spec.reinvocationPolicy"))
    elif reinvocation not in REINVOCATION_POLICIES:
        faults.append(not_supported("spec.reinvocationPolicy", reinvocation, REINVOCATION_POLICIES))
    return faults


def _validate_mutation(mutation: Obj, terms: Terms, path: str) -> list[FieldError]:
    kind = mutation.get("patchType") or ""
    if not kind:
        return [required(path + ".patchType")]
    if kind not in _PATCHES:
        return [not_supported(path + ".patchType", kind, _PATCHES)]
    field, other, result = _PATCHES[kind]
    patch, where, faults = mutation.get(field), f"{path}.{field}", list[FieldError]()
    if patch is None:
        faults.append(required(where, f"must be specified when patchType is {kind}"))
    else:
        text = (patch.get("expression") or "").strip()
        faults += validate_text(text, terms, (result,), where + ".expression")
    if mutation.get(other) is not None:
        why = f"must not be specified when patchType is {kind}"
        faults.append(invalid(f"{path}.{other}", f"{{{other}}}", why))
    return faults


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
    is_laborious=large_or_first("wherry.api.admissionregistration.declarations"),
    validate_create=validate_create,
    validate_update=validate_update,
)
