"""ValidatingAdmissionPolicies: rules in CEL that objects must keep."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.admissionregistration.columns import param_kind
from wherry.api.admissionregistration.defaults import set_policy_defaults
from wherry.api.admissionregistration.expressions import Result, Terms, validate_expression
from wherry.api.admissionregistration.policies import validate_policy, validate_text
from wherry.api.field import FieldError, duplicate, invalid, not_supported, required
from wherry.api.meta.columns import AGE, NAME, size
from wherry.api.meta.conditions import validate_conditions
from wherry.api.meta.names import qualified_name_faults
from wherry.api.meta.objectmeta import keep_metadata
from wherry.api.resource import STATUS, Column, Resource, Scope, large_or_first
from wherry.api.schema import schema

_REASONS = ("Forbidden", "Invalid", "RequestEntityTooLarge")
_MOST_ANNOTATIONS, _MOST_BYTES = 20, 5 * 1024
_NEITHER = "validations or auditAnnotations must contain at least one item"


def validate_create(policy: Obj) -> list[FieldError]:
    return _validate(policy, None)


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    return _validate(new, old.get("spec") or {})


def _validate(policy: Obj, before: Obj | None) -> list[FieldError]:
    spec = policy.get("spec") or {}
    terms = Terms(has_params=spec.get("paramKind") is not None)
    faults = validate_policy(spec, before, terms)
    validations, annotations = spec.get("validations") or [], spec.get("auditAnnotations") or []
    if not validations and not annotations:
        return [*faults, required("spec.validations", _NEITHER), required("spec.auditAnnotations", _NEITHER)]
    for index, validation in enumerate(validations):
        faults += _validate_validation(validation, terms, f"spec.validations[{index}]")
    if len(annotations) > _MOST_ANNOTATIONS:
        why = f"must not have more than {_MOST_ANNOTATIONS} auditAnnotations"
        faults.append(invalid("spec.auditAnnotations", annotations, why))
    keys: set[str] = set()
    for index, annotation in enumerate(annotations):
        path, key = f"spec.auditAnnotations[{index}]", annotation.get("key") or ""
        faults += _validate_annotation(policy["metadata"].get("name") or "", annotation, terms, path)
        if key in keys:
            faults.append(duplicate(path + ".key", key))
        keys.add(key)
    return faults


def _validate_validation(validation: Obj, terms: Terms, path: str) -> list[FieldError]:
    text, message = validation.get("expression") or "", validation.get("message") or ""
    faults = validate_text(text, terms, (Result.BOOL,), path + ".expression", "expression is not specified")
    if explained := validation.get("messageExpression") or "":
        where = path + ".messageExpression"
        if explained.strip():
            faults += validate_expression(explained, terms, (Result.STRING,), where, has_authorizer=False)
        else:
            faults.append(invalid(where, explained, "must be non-empty if specified"))
    if message and not message.strip():
        faults.append(invalid(path + ".message", message, "must be non-empty if specified"))
    elif "\n" in message.strip() or "\r" in message.strip():
        faults.append(invalid(path + ".message", message, "must not contain line breaks"))
    reason = validation.get("reason")
    if reason is not None and reason not in _REASONS:
        faults.append(not_supported(path + ".reason", reason, _REASONS))
    return faults


def _validate_annotation(name: str, annotation: Obj, terms: Terms, path: str) -> list[FieldError]:
    """The whole key of the audit event begins with the policy's name."""
    key, text = annotation.get("key") or "", annotation.get("valueExpression") or ""
    whole, where = f"{name}/{key}", path + ".valueExpression"
    faults = [invalid(path + ".key", whole, why) for why in qualified_name_faults(whole)]
    if not text.strip():
        return [*faults, required(where, "valueExpression is not specified")]
    if len(text.strip().encode()) > _MOST_BYTES:
        return [*faults, required(where, f"must not exceed {_MOST_BYTES} bytes in length")]
    return faults + validate_expression(text.strip(), terms, (Result.STRING, Result.NULL), where)


def validate_status_update(new: Obj, _: Obj) -> list[FieldError]:
    status = new.get("status") or {}
    faults: list[FieldError] = []
    for index, warning in enumerate((status.get("typeChecking") or {}).get("expressionWarnings") or ()):
        path = f"status.typeChecking.expressionWarnings[{index}]"
        faults += [required(f"{path}.{f}") for f in ("warning", "fieldRef") if not (warning.get(f) or "").strip()]
    return faults + validate_conditions(status.get("conditions"), "status.conditions")


VALIDATINGADMISSIONPOLICIES = Resource(
    group="admissionregistration.k8s.io",
    version="v1",
    kind="ValidatingAdmissionPolicy",
    plural="validatingadmissionpolicies",
    schema=schema("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"),
    scope=Scope.CLUSTER,
    categories=("api-extensions",),
    subresources=(STATUS,),
    prepare_status_update=keep_metadata,
    has_generation=True,
    unconditional_update=False,
    columns=(
        NAME,
        Column("Validations", size("spec.validations"), "integer"),
        Column("ParamKind", param_kind),
        AGE,
    ),
    defaults=set_policy_defaults,
    is_laborious=large_or_first("wherry.api.admissionregistration.declarations"),
    validate_create=validate_create,
    validate_update=validate_update,
    validate_status_update=validate_status_update,
)
