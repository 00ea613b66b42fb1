"""The policies of a Job: what failures of its pods mean, and when so much has succeeded that it is done."""

from __future__ import annotations

import json
from typing import Any

from wherry.api.batch.jobindexes import count_indexes
from wherry.api.field import OMITTED, FieldError, duplicate, invalid, not_supported, required, too_long, too_many
from wherry.api.meta.names import qualified_name_faults
from wherry.api.meta.objectmeta import NOT_NEGATIVE

Spec = dict[str, Any]
Faults = list[FieldError]

_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_OPERATORS = ("In", "NotIn")
_STATUSES = ("False", "True", "Unknown")
_MAX_RULES = 20
_MAX_PATTERNS = 20
_MAX_EXIT_CODES = 255
_MAX_INDEXES_TEXT = 64 * 1024


def validate_failure_policy(spec: Spec, path: str) -> Faults:
    """`podFailurePolicy`: rules that are tried in turn on every failed pod."""
    rules = spec["podFailurePolicy"].get("rules") or ()
    faults: Faults = []
    if len(rules) > _MAX_RULES:
        faults.append(too_many(path + ".rules", len(rules), _MAX_RULES))
    pod = (spec.get("template") or {}).get("spec") or {}
    names = {c.get("name") for field in ("containers", "initContainers") for c in pod.get(field) or ()}
    for index, rule in enumerate(rules):
        faults += _validate_failure_rule(spec, rule, f"{path}.rules[{index}]", names)
    return faults


def _valid(values: tuple[str, ...]) -> str:
    return f"valid values: [{' '.join(map(json.dumps, values))}]"


def _validate_failure_rule(spec: Spec, rule: Spec, path: str, names: set[str]) -> Faults:
    faults: Faults = []
    action, codes, conditions = rule.get("action") or "", rule.get("onExitCodes"), rule.get("onPodConditions")
    if not action:
        faults.append(required(path + ".action", _valid(_ACTIONS)))
    elif action == "FailIndex":
        if spec.get("backoffLimitPerIndex") is None:
            faults.append(invalid(path + ".action", action, "requires the backoffLimitPerIndex to be set"))
    elif action not in _ACTIONS:
        faults.append(not_supported(path + ".action", action, _ACTIONS))
    if codes is not None:
        faults += _validate_exit_codes(codes, path + ".onExitCodes", names)
    if conditions:
        faults += _validate_conditions(conditions, path + ".onPodConditions")
    if codes is not None and conditions:
        faults.append(invalid(path, OMITTED, "specifying both OnExitCodes and OnPodConditions is not supported"))
    if codes is None and not conditions:
        faults.append(invalid(path, OMITTED, "specifying one of OnExitCodes and OnPodConditions is required"))
    return faults


def _validate_conditions(conditions: list[Spec], path: str) -> Faults:
    faults: Faults = []
    if len(conditions) > _MAX_PATTERNS:
        faults.append(too_many(path, len(conditions), _MAX_PATTERNS))
    for index, pattern in enumerate(conditions):
        kind, status = pattern.get("type") or "", pattern.get("status") or ""
        faults += [invalid(f"{path}[{index}].type", kind, why) for why in qualified_name_faults(kind)]
        if not status:
            faults.append(required(f"{path}[{index}].status", _valid(_STATUSES)))
        elif status not in _STATUSES:
            faults.append(not_supported(f"{path}[{index}].status", status, _STATUSES))
    return faults


def _validate_exit_codes(codes: Spec, path: str, names: set[str]) -> Faults:
    faults: Faults = []
    operator, container, values = codes.get("operator") or "", codes.get("containerName"), codes.get("values") or []
    if not operator:
        faults.append(required(path + ".operator", _valid(_OPERATORS)))
    elif operator not in _OPERATORS:
        faults.append(not_supported(path + ".operator", operator, _OPERATORS))
    if container is not None and container not in names:
        why = "must be one of the container or initContainer names in the pod template"
        faults.append(invalid(path + ".containerName", container, why))
    if not values:
        faults.append(invalid(path + ".values", values, "at least one value is required"))
    elif len(values) > _MAX_EXIT_CODES:
        faults.append(too_many(path + ".values", len(values), _MAX_EXIT_CODES))
    seen: set[int] = set()
    for index, value in enumerate(values):
        if operator == "In" and value == 0:
            faults.append(invalid(f"{path}.values[{index}]", value, "must not be 0 for the In operator"))
        if value in seen:
            faults.append(duplicate(f"{path}.values[{index}]", value))
        seen.add(value)
    if values != sorted(values):
        faults.append(invalid(path + ".values", values, "must be ordered"))
    return faults


def validate_success_policy(policy: Spec, completions: int, path: str) -> Faults:
    """`successPolicy` of an indexed Job: which indexes, or how many of them, suffice."""
    rules = policy.get("rules") or ()
    faults: Faults = []
    if not rules:
        why = "at least one rules must be specified when the successPolicy is specified"
        faults.append(required(path + ".rules", why))
    if len(rules) > _MAX_RULES:
        faults.append(too_many(path + ".rules", len(rules), _MAX_RULES))
    for index, rule in enumerate(rules):
        faults += _validate_success_rule(rule, completions, f"{path}.rules[{index}]")
    return faults


def _validate_success_rule(rule: Spec, completions: int, path: str) -> Faults:
    indexes, count, total = rule.get("succeededIndexes"), rule.get("succeededCount"), 0
    faults: Faults = []
    if count is None and indexes is None:
        faults.append(required(path, "at least one of succeededCount or succeededIndexes must be specified"))
    if indexes is not None:
        if len(indexes) > _MAX_INDEXES_TEXT:
            faults.append(too_long(path + ".succeededIndexes", _MAX_INDEXES_TEXT))
        try:
            total = count_indexes(indexes, completions)
        except ValueError as error:
            faults.append(invalid(path + ".succeededIndexes", indexes, f"error parsing succeededIndexes: {error}"))
    if count is None:
        return faults
    limit = "must be less than or equal to"
    if count < 0:
        faults.append(invalid(path + ".succeededCount", count, NOT_NEGATIVE))
    if count > completions:
        why = f"{limit} {completions} (the number of specified completions)"
        faults.append(invalid(path + ".succeededCount", count, why))
    if indexes is not None and count > total:
        why = f"{limit} {total} (the number of indexes in the specified succeededIndexes field)"
        faults.append(invalid(path + ".succeededCount", count, why))
    return faults
