"""Rules for what is restarted when: by a container's own policy, by exit codes, by a change of its resources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wherry.api.field import FieldError, duplicate, invalid, not_supported, required, too_many

Faults = list[FieldError]
Part = dict[str, Any]

_POLICIES = ("Always", "Never", "OnFailure")
_ACTIONS = ("Restart", "RestartAllContainers")
_OPERATORS = ("In", "NotIn")
_MOST_RULES, _MOST_CODES = 20, 255
_RESOURCES = ("cpu", "memory")
_RESIZE = ("NotRequired", "RestartContainer")


def validate_restart(container: Part, path: str, faults: Faults) -> None:
    """A container's own policy, and the rules that go before it."""
    policy, rules = container.get("restartPolicy"), container.get("restartPolicyRules") or ()
    if policy is not None and policy not in _POLICIES:
        faults.append(not_supported(path + ".restartPolicy", policy, _POLICIES))
    if not rules:
        return
    if policy is None:
        faults.append(required(path + ".restartPolicy", "must specify restartPolicy when restart rules are used"))
    where = path + ".restartPolicyRules"
    if len(rules) > _MOST_RULES:
        faults.append(too_many(where, len(rules), _MOST_RULES))
    for index, rule in enumerate(rules):
        _validate_rule(rule, f"{where}[{index}]", faults)


def _validate_rule(rule: Part, path: str, faults: Faults) -> None:
    action, codes = rule.get("action") or "", rule.get("exitCodes")
    if action not in _ACTIONS:
        faults.append(not_supported(path + ".action", action, _ACTIONS))
    if codes is None:
        faults.append(required(path + ".exitCodes", "must be specified"))
        return
    if codes.get("operator") not in _OPERATORS:
        faults.append(not_supported(path + ".exitCodes.operator", codes.get("operator") or "", _OPERATORS))
    values = codes.get("values") or ()
    if len(values) > _MOST_CODES:
        faults.append(too_many(path + ".exitCodes.values", len(values), _MOST_CODES))


def validate_resize_policy(policies: Sequence[Part], path: str, restart_policy: str, faults: Faults) -> None:
    """What a change of resources does to the container. Upstream's paths leave the index out."""
    seen: set[str] = set()
    for index, policy in enumerate(policies):
        name, restart = policy.get("resourceName") or "", policy.get("restartPolicy") or ""
        if name in seen:
            faults.append(duplicate(f"{path}[{index}]", name))
        seen.add(name)
        if not name:
            faults.append(required(path))
        elif name not in _RESOURCES:
            faults.append(not_supported(path, name, _RESOURCES))
        if not restart:
            faults.append(required(path))
        elif restart not in _RESIZE:
            faults.append(not_supported(path, restart, _RESIZE))
        if restart_policy == "Never" and restart != "NotRequired":
            faults.append(invalid(path, restart, "must be 'NotRequired' when `restartPolicy` is 'Never'"))
