"""Rules for where a pod may go: affinity, tolerations, spreading, gates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wherry.api.field import FieldError, duplicate, forbidden, invalid, not_supported, required
from wherry.api.meta.labels import validate_label_selector
from wherry.api.meta.names import (
    dns1123_label_faults,
    dns1123_subdomain_faults,
    label_value_faults,
    qualified_name_faults,
)

Faults = list[FieldError]
Part = dict[str, Any]

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_OPERATORS = ("Equal", "Exists", "Lt", "Gt")
_UNSATISFIABLE = ("DoNotSchedule", "ScheduleAnyway")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_WEIGHT_TEXT = "must be in the range 1-100"
_TERMS = ("podAffinity", "podAntiAffinity")


def merge_label_keys(spec: Part, labels: Part) -> None:
    """Turn `matchLabelKeys` and `mismatchLabelKeys` of a new pod into expressions about its own labels. (KEP-3633)"""
    for constraint in spec.get("topologySpreadConstraints") or ():
        _merge(constraint, "matchLabelKeys", "In", labels)
    affinity = spec.get("affinity") or {}
    for name in _TERMS:
        terms = affinity.get(name) or {}
        weighted = [each.get("podAffinityTerm") or {} for each in terms.get(_PREFERRED) or ()]
        for term in [*(terms.get(_REQUIRED) or ()), *weighted]:
            _merge(term, "matchLabelKeys", "In", labels)
            _merge(term, "mismatchLabelKeys", "NotIn", labels)


def _merge(term: Part, field: str, operator: str, labels: Part) -> None:
    selector = term.get("labelSelector")
    if not term.get(field) or selector is None:
        return
    added = [{"key": key, "operator": operator, "values": [labels[key]]} for key in term[field] if key in labels]
    if added:
        selector["matchExpressions"] = [*(selector.get("matchExpressions") or ()), *added]


def validate_tolerations(tolerations: Sequence[Part], path: str, faults: Faults) -> None:
    """Which taints a pod puts up with."""
    for index, toleration in enumerate(tolerations):
        _validate_toleration(toleration, f"{path}[{index}]", faults)


def _validate_toleration(toleration: Part, path: str, faults: Faults) -> None:
    key, operator = toleration.get("key") or "", toleration.get("operator") or ""
    value, effect = toleration.get("value") or "", toleration.get("effect") or ""
    if key:
        faults += [invalid(path + ".key", key, why) for why in qualified_name_faults(key)]
    elif operator != "Exists":
        why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        faults.append(invalid(path + ".operator", operator, why))
    if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
        why = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        faults.append(invalid(path + ".effect", effect, why))
    if operator in ("Equal", ""):
        if reasons := label_value_faults(value):
            faults.append(invalid(path + ".operator", value, ";".join(reasons)))
    elif operator == "Exists":
        if value:
            why = "value must be empty when `operator` is 'Exists'"
            faults.append(invalid(path + ".operator", value, why))
    elif operator in ("Lt", "Gt"):
        if not _is_number(value):
            why = "value must be a valid 64-bit integer for numeric operators"
            faults.append(invalid(path + ".value", value, why))
    else:
        faults.append(not_supported(path + ".operator", operator, _OPERATORS))
    if effect and effect not in _EFFECTS:
        faults.append(not_supported(path + ".effect", effect, _EFFECTS))


def validate_affinity(affinity: Part, path: str, faults: Faults) -> None:
    """Towards nodes, towards pods, away from pods."""
    if node := affinity.get("nodeAffinity"):
        _validate_node_affinity(node, path + ".nodeAffinity", faults)
    for name in ("podAffinity", "podAntiAffinity"):
        if pods := affinity.get(name):
            for index, term in enumerate(pods.get(_REQUIRED) or ()):
                _validate_pod_term(term, f"{path}.{name}.{_REQUIRED}[{index}]", faults)
            for index, preference in enumerate(pods.get(_PREFERRED) or ()):
                where = f"{path}.{name}.{_PREFERRED}[{index}]"
                _validate_weight(preference, where, faults)
                _validate_pod_term(preference.get("podAffinityTerm") or {}, where + ".podAffinityTerm", faults)


def _validate_node_affinity(node: Part, path: str, faults: Faults) -> None:
    if needed := node.get(_REQUIRED):
        validate_node_selector(needed, f"{path}.{_REQUIRED}", faults)
    for index, preference in enumerate(node.get(_PREFERRED) or ()):
        where = f"{path}.{_PREFERRED}[{index}]"
        _validate_weight(preference, where, faults)
        _validate_node_term(preference.get("preference") or {}, where + ".preference", False, faults)


def _validate_weight(preference: Part, path: str, faults: Faults) -> None:
    weight = preference.get("weight") or 0
    if not 1 <= weight <= 100:
        faults.append(invalid(path + ".weight", weight, _WEIGHT_TEXT))


def _is_number(text: str) -> bool:
    """Whether Go would parse it as a 64-bit integer."""
    return text.removeprefix("-").isdecimal() and text.isascii() and -(2**63) <= int(text) < 2**63


def validate_node_selector(selector: Part, path: str, faults: Faults) -> None:
    """Terms of which one must hold."""
    terms = selector.get("nodeSelectorTerms")
    if not terms:
        faults.append(required(path + ".nodeSelectorTerms", "must have at least one node selector term"))
    for index, term in enumerate(terms or ()):
        _validate_node_term(term, f"{path}.nodeSelectorTerms[{index}]", True, faults)


def _validate_node_term(term: Part, path: str, is_required: bool, faults: Faults) -> None:
    """`is_required` terms compare with values that labels can have; in others anything was always accepted."""
    for index, expression in enumerate(term.get("matchExpressions") or ()):
        where = f"{path}.matchExpressions[{index}]"
        _validate_expression(expression, where, faults)
        if is_required:
            for at, value in enumerate(expression.get("values") or ()):
                faults += [invalid(f"{where}.values[{at}]", value, why) for why in label_value_faults(value)]
    for index, expression in enumerate(term.get("matchFields") or ()):
        _validate_field(expression, f"{path}.matchFields[{index}]", faults)


def _validate_expression(expression: Part, path: str, faults: Faults) -> None:
    operator, values = expression.get("operator") or "", expression.get("values") or ()
    if operator in ("In", "NotIn"):
        if not values:
            faults.append(required(path + ".values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            faults.append(forbidden(path + ".values", why))
    elif operator in ("Gt", "Lt"):
        if len(values) != 1:
            faults.append(required(path + ".values", "must be specified single value when `operator` is 'Lt' or 'Gt'"))
    else:
        faults.append(invalid(path + ".operator", operator, "not a valid selector operator"))
    key = expression.get("key") or ""
    faults += [invalid(path + ".key", key, why) for why in qualified_name_faults(key)]


def _validate_field(expression: Part, path: str, faults: Faults) -> None:
    operator, values = expression.get("operator") or "", expression.get("values") or ()
    if operator not in ("In", "NotIn"):
        faults.append(invalid(path + ".operator", operator, "not a valid selector operator"))
    elif len(values) != 1:
        why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        faults.append(required(path + ".values", why))
    if expression.get("key") != "metadata.name":
        faults.append(invalid(path + ".key", expression.get("key") or "", "not a valid field selector key"))
        return
    for index, value in enumerate(values):
        faults += [invalid(f"{path}.values[{index}]", value, why) for why in dns1123_subdomain_faults(value)]


def _validate_pod_term(term: Part, path: str, faults: Faults) -> None:
    faults += validate_label_selector(term.get("labelSelector"), path + ".labelSelector")
    faults += validate_label_selector(term.get("namespaceSelector"), path + ".namespaceSelector")
    for namespace in term.get("namespaces") or ():
        faults += [invalid(path + ".namespace", namespace, why) for why in dns1123_label_faults(namespace)]
    if term.get("matchLabelKeys") or term.get("mismatchLabelKeys"):
        _validate_label_keys(term, path, faults)
    topology = term.get("topologyKey") or ""
    if not topology:
        faults.append(required(path + ".topologyKey", "can not be empty"))
    faults += [invalid(path + ".topologyKey", topology, why) for why in qualified_name_faults(topology)]


def _validate_label_keys(term: Part, path: str, faults: Faults) -> None:
    """Labels of the pod itself that its neighbours must share, or must not."""
    selector = term.get("labelSelector")
    for field in ("matchLabelKeys", "mismatchLabelKeys"):
        keys = term.get(field) or ()
        if keys and selector is None:
            faults.append(forbidden(f"{path}.{field}", "must not be specified when labelSelector is not set"))
        else:
            _validate_names(keys, f"{path}.{field}", faults)
    _validate_unselected(term.get("matchLabelKeys") or (), selector, path, faults)
    shared = set(term.get("mismatchLabelKeys") or ())
    for index, key in enumerate(term.get("matchLabelKeys") or ()):
        if key in shared:
            why = "exists in both matchLabelKeys and mismatchLabelKeys"
            faults.append(invalid(f"{path}.matchLabelKeys[{index}]", key, why))


def _validate_names(keys: Sequence[str], path: str, faults: Faults) -> None:
    for index, key in enumerate(keys):
        faults += [invalid(f"{path}[{index}]", key, why) for why in qualified_name_faults(key)]


def _validate_unselected(keys: Sequence[str], selector: Part | None, path: str, faults: Faults) -> None:
    """The selector has one expression for each key by now, put there when the pod was made; two are one too many."""
    selected = list((selector or {}).get("matchLabels") or ())
    selected += [expression.get("key") for expression in (selector or {}).get("matchExpressions") or ()]
    for index, key in enumerate(keys):
        if selected.count(key) > 1:
            faults.append(invalid(f"{path}[{index}]", key, "exists in both matchLabelKeys and labelSelector"))


def validate_spreading(constraints: Sequence[Part], path: str, faults: Faults) -> None:
    """How evenly pods should be spread."""
    pairs = [(each.get("topologyKey") or "", each.get("whenUnsatisfiable") or "") for each in constraints]
    for index, constraint in enumerate(constraints):
        where, skew, (topology, when) = f"{path}[{index}]", constraint.get("maxSkew") or 0, pairs[index]
        if skew <= 0:
            faults.append(invalid(where + ".maxSkew", skew, "must be greater than zero"))
        if not topology:
            faults.append(required(where + ".topologyKey", "can not be empty"))
        if when not in _UNSATISFIABLE:
            faults.append(not_supported(where + ".whenUnsatisfiable", when, _UNSATISFIABLE))
        if pairs[index] in pairs[index + 1 :]:
            faults.append(duplicate(f"{where}.{{topologyKey, whenUnsatisfiable}}", f"{{{topology}, {when}}}"))
        domains = constraint.get("minDomains")
        if domains is not None:
            if domains <= 0:
                faults.append(invalid(where + ".minDomains", domains, "must be greater than zero"))
            if when != "DoNotSchedule":
                why = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {when}"
                faults.append(invalid(where + ".minDomains", domains, why))
        for field in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            if constraint.get(field) not in (None, "Honor", "Ignore"):
                faults.append(not_supported(f"{where}.{field}", constraint[field], ("Honor", "Ignore")))
        if keys := constraint.get("matchLabelKeys"):
            if constraint.get("labelSelector") is None:
                why = "must not be specified when labelSelector is not set"
                faults.append(forbidden(where + ".matchLabelKeys", why))
            _validate_names(keys, where + ".matchLabelKeys", faults)
            _validate_unselected(keys, constraint.get("labelSelector"), where + ".matchLabelKeys", faults)
        faults += validate_label_selector(constraint.get("labelSelector"), where + ".labelSelector")


def validate_gates(gates: Sequence[Part], path: str, faults: Faults) -> None:
    """What must be lifted before a pod is scheduled."""
    seen: set[str] = set()
    for index, gate in enumerate(gates):
        name = gate.get("name") or ""
        faults += [invalid(f"{path}[{index}]", name, why) for why in qualified_name_faults(name)]
        if name in seen:
            faults.append(duplicate(f"{path}[{index}]", name))
        seen.add(name)
