"""Rules for admission policies of both sorts, and for their bindings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from wherry.api import Obj
from wherry.api.admissionregistration.conditions import validate_match_conditions
from wherry.api.admissionregistration.expressions import Result, Terms, validate_expression, validate_variable
from wherry.api.admissionregistration.matching import FAILURE_POLICIES, validate_match
from wherry.api.field import FieldError, forbidden, invalid, not_supported, required
from wherry.api.meta.labels import validate_label_selector
from wherry.api.meta.names import dns1035_label_faults, dns1123_subdomain_faults, path_segment_faults

Spec = dict[str, Any]
Faults = list[FieldError]

_RESERVED = frozenset(
    (
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import",
        "let", "loop", "package", "namespace", "return", "var", "void", "while",
    )
)  # fmt: skip
_is_identifier = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*\Z").match
_ACTIONS_WITHOUT_PARAMS = ("Deny", "Allow")


def validate_policy(spec: Spec, before: Spec | None, terms: Terms) -> Faults:
    """What both sorts have in common, up to the variables, which from then on are in `terms`."""
    faults: Faults = []
    failure, kind, match = spec.get("failurePolicy"), spec.get("paramKind"), spec.get("matchConstraints")
    if failure is None:
        faults.append(required("spec.failurePolicy"))
    elif failure not in FAILURE_POLICIES:
        faults.append(not_supported("spec.failurePolicy", failure, FAILURE_POLICIES))
    if kind is not None:
        faults += _validate_param_kind(kind, "spec.paramKind")
    if match is None:
        faults.append(required("spec.matchConstraints"))
    else:
        faults += validate_match(match, "spec.matchConstraints")
        if not match.get("resourceRules"):
            faults.append(required("spec.matchConstraints.resourceRules"))
    conditions = spec.get("matchConditions") or []
    if before is None or before.get("paramKind") != kind or (before.get("matchConditions") or []) != conditions:
        faults += validate_match_conditions(conditions, "spec.matchConditions", has_params=kind is not None)
    return faults + _validate_variables(spec.get("variables") or (), terms)


def _validate_param_kind(kind: Spec, path: str) -> Faults:
    api_version, name = kind.get("apiVersion") or "", kind.get("kind") or ""
    where, faults = path + ".apiVersion", list[FieldError]()
    group, _, version = "" if api_version == "/" else api_version.rpartition("/")[0], "", api_version.rpartition("/")[2]
    if not api_version:
        faults.append(required(where))
    elif api_version.count("/") > 1:
        faults.append(invalid(where, api_version, f"unexpected GroupVersion string: {api_version}"))
    else:
        if group and (reasons := dns1123_subdomain_faults(group)):
            faults.append(invalid(where, group, ",".join(reasons)))
        if not version:
            faults.append(invalid(where, api_version, "version must be specified"))
        elif reasons := dns1035_label_faults(version):
            faults.append(invalid(where, version, ",".join(reasons)))
    if not name:
        faults.append(required(path + ".kind"))
    elif reasons := dns1035_label_faults(name.lower()):
        why = "may have mixed case, but should otherwise match: " + ",".join(reasons)
        faults.append(invalid(path + ".kind", name, why))
    return faults


def _validate_variables(variables: Sequence[Spec], terms: Terms) -> Faults:
    """Each may use those before it."""
    faults: Faults = []
    if variables and terms.variables is None:
        terms.variables = {}
    for index, variable in enumerate(variables):
        name, text, path = variable.get("name") or "", variable.get("expression") or "", f"spec.variables[{index}]"
        if not name.strip():
            faults.append(required(path + ".name", "name is not specified"))
        elif not _is_identifier(name) or name in _RESERVED:
            faults.append(invalid(path + ".name", name, "must be a valid CEL identifier"))
        if not text.strip():
            faults.append(required(path + ".expression", "expression is not specified"))
            continue
        faults += validate_variable(name, text, terms, path + ".expression")
    return faults


def validate_text(text: str, terms: Terms, results: tuple[Result, ...], path: str, empty: str = "") -> Faults:
    """An expression that must be there."""
    return validate_expression(text, terms, results, path) if text.strip() else [required(path, empty)]


def validate_binding(binding: Obj) -> Faults:
    """Which policy, with which parameters, for which resources."""
    spec = binding.get("spec") or {}
    name, match = spec.get("policyName") or "", spec.get("matchResources")
    faults = [] if name else [required("spec.policyName")]
    if name:
        faults += [invalid("spec.policyName", name, why) for why in dns1123_subdomain_faults(name)]
    if (reference := spec.get("paramRef")) is not None:
        faults += _validate_params(reference, "spec.paramRef")
    return faults if match is None else faults + validate_match(match, "spec.matchResources")


def _validate_params(reference: Spec, path: str) -> Faults:
    name, selector, action = (reference.get(field) for field in ("name", "selector", "parameterNotFoundAction"))
    faults: Faults = []
    exclusive = "name and selector are mutually exclusive"
    if name:
        faults += [invalid(path + ".name", name, why) for why in path_segment_faults(name)]
        if selector is not None:
            faults.append(forbidden(path + ".name", exclusive))
    if selector is not None:
        faults += validate_label_selector(selector, path + ".selector")
        if name:
            faults.append(forbidden(path + ".selector", exclusive))
    if not name and selector is None:
        faults.append(required(path, "one of name or selector must be specified"))
    where = path + ".parameterNotFoundAction"
    if not action:
        faults.append(required(where))
    elif action not in _ACTIONS_WITHOUT_PARAMS:
        faults.append(not_supported(where, action, _ACTIONS_WITHOUT_PARAMS))
    return faults
