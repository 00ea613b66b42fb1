"""What may not be said in the args of upstream's plugins, in upstream's words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wherry.api.field import FieldError, duplicate, forbidden, invalid, not_supported, required
from wherry.api.meta.names import qualified_name_faults
from wherry.lib.goduration import parse_go_duration

Args = Mapping[str, Any]
_STRATEGIES = ("LeastAllocated", "MostAllocated", "RequestedToCapacityRatio")
_ACTIONS = ("DoNotSchedule", "ScheduleAnyway")
_OPERATORS = ("DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn")


def validate_args(plugin: str, args: Args, path: str) -> list[FieldError]:
    """All faults of one plugin's settings; those of other people's plugins are their own business."""
    check = _CHECKS.get(plugin)
    if check is None:
        return []
    return check(args, path)


def _preemption(args: Args, path: str) -> list[FieldError]:
    percentage, absolute = args.get("minCandidateNodesPercentage", 10), args.get("minCandidateNodesAbsolute", 100)
    percentage_path, absolute_path = f"{path}.minCandidateNodesPercentage", f"{path}.minCandidateNodesAbsolute"
    faults = []
    if not 0 <= percentage <= 100:
        faults.append(invalid(percentage_path, percentage, "not in valid range [0, 100]"))
    if absolute < 0:
        faults.append(invalid(absolute_path, absolute, "not in valid range [0, inf)"))
    if percentage == absolute == 0:
        together = "cannot be zero at the same time as"
        faults.append(invalid(percentage_path, percentage, f"{together} minCandidateNodesAbsolute"))
        faults.append(invalid(absolute_path, absolute, f"{together} minCandidateNodesPercentage"))
    return faults


def _pod_affinity(args: Args, path: str) -> list[FieldError]:
    weight = args.get("hardPodAffinityWeight", 1)
    if 0 <= weight <= 100:
        return []
    return [invalid(f"{path}.hardPodAffinityWeight", weight, "not in valid range [0, 100]")]


def _node_affinity(args: Args, path: str) -> list[FieldError]:
    added = args.get("addedAffinity") or {}
    required_terms = (added.get("requiredDuringSchedulingIgnoredDuringExecution") or {}).get("nodeSelectorTerms") or []
    at = f"{path}.addedAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
    faults = [fault for number, term in enumerate(required_terms) for fault in _term(term, f"{at}[{number}]")]
    at = f"{path}.addedAffinity.preferredDuringSchedulingIgnoredDuringExecution"
    for number, term in enumerate(added.get("preferredDuringSchedulingIgnoredDuringExecution") or []):
        faults += _term(term.get("preference") or {}, f"{at}[{number}]")
    return faults


def _term(term: Args, path: str) -> list[FieldError]:
    faults = []
    for number, one in enumerate(term.get("matchExpressions") or []):
        faults += _expression(one, f"{path}.matchExpressions[{number}]")
    for number, one in enumerate(term.get("matchFields") or []):
        here, operator, values = f"{path}.matchFields[{number}]", one.get("operator", ""), one.get("values") or []
        if operator not in ("In", "NotIn"):
            faults.append(not_supported(f"{here}.operator", operator, ("In", "NotIn")))
        elif len(values) != 1:
            faults.append(invalid(f"{here}.values", values, "must have one element"))
    return faults


def _expression(one: Args, path: str) -> list[FieldError]:
    key, operator, values = one.get("key", ""), one.get("operator", ""), one.get("values") or []
    if operator not in _OPERATORS:
        return [not_supported(f"{path}.operator", operator, _OPERATORS)]
    faults = [invalid(f"{path}.key", key, text) for text in qualified_name_faults(key)]
    text = ""
    if operator in ("In", "NotIn") and not values:
        text = "for 'in', 'notin' operators, values set can't be empty"
    elif operator in ("Exists", "DoesNotExist") and values:
        text = "values set must be empty for exists and does not exist"
    elif operator in ("Gt", "Lt") and len(values) != 1:
        text = "for 'Gt', 'Lt' operators, exactly one value is required"
    elif operator in ("Gt", "Lt") and not re.fullmatch(r"[+-]?[0-9]+", values[0]):
        text = "for 'Gt', 'Lt' operators, the value must be an integer"
        return [*faults, invalid(f"{path}.values[0]", values[0], text)]
    return [*faults, invalid(f"{path}.values", values, text)] if text else faults


def _spread(args: Args, path: str) -> list[FieldError]:
    kind, constraints = args.get("defaultingType", "System"), args.get("defaultConstraints") or []
    faults = []
    if kind not in ("System", "List"):
        faults.append(not_supported(f"{path}.defaultingType", kind, ("System", "List")))
    elif kind == "System" and constraints:
        faults.append(invalid(f"{path}.defaultingType", kind, "when .defaultConstraints are not empty"))
    seen: list[tuple[str, str]] = []
    for number, one in enumerate(constraints):
        here = f"{path}.defaultConstraints[{number}]"
        faults += _constraint(one, here)
        pair = one.get("topologyKey", ""), one.get("whenUnsatisfiable", "")
        if pair in seen:
            faults.append(duplicate(here, f"{{{pair[0]}, {pair[1]}}}"))
        seen.append(pair)
    return faults


def _constraint(one: Args, path: str) -> list[FieldError]:
    faults = []
    skew, key, action = one.get("maxSkew", 0), one.get("topologyKey", ""), one.get("whenUnsatisfiable", "")
    if skew <= 0:
        faults.append(invalid(f"{path}.maxSkew", skew, "not in valid range (0, inf)"))
    if not key:
        faults.append(required(f"{path}.topologyKey", "can not be empty"))
    else:
        faults += [invalid(f"{path}.topologyKey", key, text) for text in qualified_name_faults(key)]
    if not action:
        faults.append(required(f"{path}.whenUnsatisfiable", "can not be empty"))
    elif action not in _ACTIONS:
        faults.append(not_supported(f"{path}.whenUnsatisfiable", action, _ACTIONS))
    if one.get("labelSelector") is not None:
        text = "constraint must not define a selector, as they deduced for each pod"
        faults.append(forbidden(f"{path}.labelSelector", text))
    return faults


def _fit(args: Args, path: str) -> list[FieldError]:
    faults = []
    for number, name in enumerate(args.get("ignoredResources") or []):
        faults += [invalid(f"{path}.ignoredResources[{number}]", name, text) for text in qualified_name_faults(name)]
    for number, group in enumerate(args.get("ignoredResourceGroups") or []):
        here = f"{path}.ignoredResourceGroups[{number}]"
        if "/" in group:
            faults.append(invalid(here, group, "resource group name can't contain '/'"))
        faults += [invalid(here, group, text) for text in qualified_name_faults(group)]
    strategy = args.get("scoringStrategy")
    return faults if strategy is None else faults + _strategy(strategy, f"{path}.scoringStrategy")


def _strategy(strategy: Args, path: str) -> list[FieldError]:
    kind, ratio = strategy.get("type", "LeastAllocated"), strategy.get("requestedToCapacityRatio")
    faults = []
    if kind not in _STRATEGIES:
        faults.append(not_supported(f"{path}.type", kind, _STRATEGIES))
    for number, one in enumerate(strategy.get("resources") or []):
        weight = one.get("weight", 1)
        if not 0 < weight <= 100:
            text = f"resource weight of {one.get('name', '')} not in valid range (0, 100]"
            faults.append(invalid(f"{path}.resources[{number}].weight", weight, text))
    here = f"{path}.requestedToCapacityRatio"
    if kind == "RequestedToCapacityRatio":
        if ratio is None:
            faults.append(required(here, "must be specified when type is RequestedToCapacityRatio"))
        else:
            faults += _shape(ratio.get("shape") or [], f"{here}.shape")
    elif ratio is not None:
        faults.append(forbidden(here, "must be nil when type is not RequestedToCapacityRatio"))
    return faults


def _shape(shape: Sequence[Args], path: str) -> list[FieldError]:
    if not shape:
        return [required(path, "at least one point must be specified")]
    faults = []
    shares = [point.get("utilization", 0) for point in shape]
    for number in range(1, len(shares)):
        if shares[number - 1] >= shares[number]:
            text = "values must be sorted in increasing order"
            faults.append(invalid(f"{path}[{number}].utilization", shares[number], text))
            break
    for number, point in enumerate(shape):
        share, score = point.get("utilization", 0), point.get("score", 0)
        if not 0 <= share <= 100:
            faults.append(invalid(f"{path}[{number}].utilization", share, "not in valid range [0, 100]"))
        if not 0 <= score <= 10:
            faults.append(invalid(f"{path}[{number}].score", score, "not in valid range [0, 10]"))
    return faults


def _balance(args: Args, path: str) -> list[FieldError]:
    faults, seen = [], []
    for number, one in enumerate(args.get("resources") or []):
        name, weight = one.get("name", ""), one.get("weight", 1)
        if name in seen:
            faults.append(duplicate(f"{path}.resources[{number}].name", name))
        seen.append(name)
        if weight != 1:
            faults.append(invalid(f"{path}.resources[{number}].weight", weight, "must be 1"))
    return faults


def _volumes(args: Args, path: str) -> list[FieldError]:
    faults = []
    seconds = args.get("bindTimeoutSeconds", 600)
    if seconds < 0:
        text = "invalid BindTimeoutSeconds, should not be a negative value"
        faults.append(invalid(f"{path}.bindTimeoutSeconds", seconds, text))
    if args.get("shape"):
        faults += _shape(args["shape"], f"{path}.shape")
    return faults


def _devices(args: Args, path: str) -> list[FieldError]:
    faults = []
    for name, least, text in (
        ("filterTimeout", 0, "must be zero or positive"),
        ("bindingTimeout", 1, "must be at least 1 second"),
    ):
        value = args.get(name)
        if value is None:
            continue
        try:
            seconds = parse_go_duration(value)
        except ValueError as error:
            faults.append(invalid(f"{path}.{name}", value, str(error)))
        else:
            if seconds < least:
                faults.append(invalid(f"{path}.{name}", value, text))
    return faults


_CHECKS: Mapping[str, Callable[[Args, str], list[FieldError]]] = {
    "DefaultPreemption": _preemption,
    "InterPodAffinity": _pod_affinity,
    "NodeAffinity": _node_affinity,
    "NodeResourcesFit": _fit,
    "NodeResourcesBalancedAllocation": _balance,
    "PodTopologySpread": _spread,
    "VolumeBinding": _volumes,
    "DynamicResources": _devices,
}
