"""Rules for what webhooks and policies apply to: operations, groups, versions, resources, selectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wherry.api.field import FieldError, duplicate, invalid, not_supported, required
from wherry.api.meta.labels import validate_label_selector
from wherry.api.meta.names import path_segment_faults

Spec = dict[str, Any]
Faults = list[FieldError]

FAILURE_POLICIES = ("Fail", "Ignore")
MATCH_POLICIES = ("Equivalent", "Exact")
REINVOCATION_POLICIES = ("IfNeeded", "Never")
_OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_MUTABLE = ("*", "CONNECT", "CREATE", "UPDATE")
_SCOPES = ("*", "Cluster", "Namespaced")


def validate_rule(rule: Spec, path: str) -> Faults:
    """Operations on resources of groups and versions; a star stands alone."""
    faults: Faults = []
    operations = rule.get("operations") or []
    if not operations:
        faults.append(required(path + ".operations"))
    faults += _alone(operations, path + ".operations", "operations")
    faults += [
        not_supported(f"{path}.operations[{index}]", operation, _OPERATIONS)
        for index, operation in enumerate(operations)
        if operation not in _OPERATIONS
    ]
    groups, versions = rule.get("apiGroups") or [], rule.get("apiVersions") or []
    if not groups:
        faults.append(required(path + ".apiGroups"))
    faults += _alone(groups, path + ".apiGroups", "API groups")
    if not versions:
        faults.append(required(path + ".apiVersions"))
    faults += _alone(versions, path + ".apiVersions", "API versions")
    faults += [required(f"{path}.apiVersions[{index}]") for index, version in enumerate(versions) if not version]
    faults += _validate_resources(rule.get("resources") or [], path + ".resources")
    scope = rule.get("scope")
    if scope is not None and scope not in _SCOPES:
        faults.append(not_supported(path + ".scope", scope, _SCOPES))
    return faults


def _alone(values: Sequence[str], path: str, what: str) -> Faults:
    if len(values) > 1 and "*" in values:
        return [invalid(path, list(values), f"if '*' is present, must not specify other {what}")]
    return []


def _validate_resources(resources: list[str], path: str) -> Faults:
    """`pods`, `pods/status`, `pods/*`, `*/status`, `*` and `*/*`: nothing is said twice."""
    faults = [] if resources else [required(path)]
    whole: set[str] = set()
    everywhere: set[str] = set()
    is_plain = False
    for index, entry in enumerate(resources):
        where = f"{path}[{index}]"
        if not entry:
            faults.append(required(where))
            continue
        resource, slash, part = entry.partition("/")
        if not slash:
            is_plain = entry != "*"
            continue
        if resource in whole:
            faults.append(invalid(where, entry, f"if '{resource}/*' is present, must not specify {entry}"))
        if part in everywhere:
            faults.append(invalid(where, entry, f"if '*/{part}' is present, must not specify {entry}"))
        if part == "*":
            whole.add(resource)
        if resource == "*":
            everywhere.add(part)
    if len(resources) > 1 and "*/*" in resources:
        faults.append(invalid(path, resources, "if '*/*' is present, must not specify other resources"))
    if "*" in resources and is_plain:
        why = "if '*' is present, must not specify other resources without subresources"
        faults.append(invalid(path, resources, why))
    return faults


def validate_match(match: Spec, path: str) -> Faults:
    """`matchConstraints` of a policy, `matchResources` of a binding."""
    faults: Faults = []
    policy = match.get("matchPolicy")
    if policy is None:
        faults.append(required(path + ".matchPolicy"))
    elif policy not in MATCH_POLICIES:
        faults.append(not_supported(path + ".matchPolicy", policy, MATCH_POLICIES))
    for field in ("namespaceSelector", "objectSelector"):
        if match.get(field) is None:
            faults.append(required(f"{path}.{field}"))
        else:
            faults += validate_label_selector(match[field], f"{path}.{field}")
    for field in ("resourceRules", "excludeResourceRules"):
        for index, rule in enumerate(match.get(field) or ()):
            where = f"{path}.{field}[{index}]"
            faults += _validate_names(rule.get("resourceNames") or [], where + ".resourceNames")
            faults += validate_rule(rule, where)
    return faults


def _validate_names(names: list[str], path: str) -> Faults:
    faults: Faults = []
    for index, name in enumerate(names):
        faults += [invalid(f"{path}[{index}]", name, why) for why in path_segment_faults(name)]
        if name in names[:index]:
            faults.append(duplicate(f"{path}[{index}]", name))
    return faults


def validate_mutable(match: Spec, path: str) -> Faults:
    """What is deleted can not be changed any more."""
    return [
        not_supported(path + ".resourceRules.operations", operation, _MUTABLE)
        for rule in match.get("resourceRules") or ()
        for operation in rule.get("operations") or ()
        if operation not in _MUTABLE
    ]
