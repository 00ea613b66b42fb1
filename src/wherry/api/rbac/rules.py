"""Rules of roles and bindings."""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.field import FieldError, invalid, not_supported, required
from wherry.api.meta.names import dns1123_subdomain_faults, path_segment_faults

GROUP = "rbac.authorization.k8s.io"
_SUBJECT_KINDS = ("ServiceAccount", "User", "Group")


def validate_policy_rules(obj: Obj, namespaced: bool) -> list[FieldError]:
    """The `rules` of a role."""
    faults: list[FieldError] = []
    for index, rule in enumerate(obj.get("rules") or ()):
        faults += _validate_rule(rule, namespaced, f"rules[{index}]")
    return faults


def _validate_rule(rule: dict[str, Any], namespaced: bool, path: str) -> list[FieldError]:
    faults: list[FieldError] = []
    urls, resources, groups = rule.get("nonResourceURLs"), rule.get("resources"), rule.get("apiGroups")
    if not rule.get("verbs"):
        faults.append(required(path + ".verbs"))
    if urls:
        where = path + ".nonResourceURLs"
        if namespaced:
            faults.append(invalid(where, urls, "namespaced rules cannot apply to non-resource URLs"))
        if groups or resources or rule.get("resourceNames"):
            faults.append(invalid(where, urls, "rules cannot apply to both regular resources and non-resource URLs"))
        return faults
    if not groups:
        faults.append(required(path + ".apiGroups", "resource rules must supply at least one api group"))
    if not resources:
        faults.append(required(path + ".resources", "resource rules must supply at least one resource"))
    return faults


def set_binding_defaults(binding: Obj) -> None:
    """Users and groups belong to this API's group; service accounts to the core group, which has no name."""
    role = binding.get("roleRef")
    if role is not None and not role.get("apiGroup"):
        role["apiGroup"] = GROUP
    for subject in binding.get("subjects") or ():
        if not subject.get("apiGroup") and subject.get("kind") in ("User", "Group"):
            subject["apiGroup"] = GROUP


def validate_binding(binding: Obj, role_kinds: tuple[str, ...], namespaced: bool) -> list[FieldError]:
    """Who gets which role."""
    role = binding.get("roleRef") or {}
    faults: list[FieldError] = []
    if role.get("apiGroup") != GROUP:
        faults.append(not_supported("roleRef.apiGroup", role.get("apiGroup") or "", (GROUP,)))
    if role.get("kind") not in role_kinds:
        faults.append(not_supported("roleRef.kind", role.get("kind") or "", role_kinds))
    name = role.get("name") or ""
    if not name:
        faults.append(required("roleRef.name"))
    faults += [invalid("roleRef.name", name, why) for why in path_segment_faults(name)]
    for index, subject in enumerate(binding.get("subjects") or ()):
        faults += _validate_subject(subject, namespaced, f"subjects[{index}]")
    return faults


def _validate_subject(subject: dict[str, Any], namespaced: bool, path: str) -> list[FieldError]:
    kind, name, group = subject.get("kind") or "", subject.get("name") or "", subject.get("apiGroup") or ""
    faults: list[FieldError] = []
    if not name:
        faults.append(required(path + ".name"))
    if kind == "ServiceAccount":
        if name:
            faults += [invalid(path + ".name", name, why) for why in dns1123_subdomain_faults(name)]
        if group:
            faults.append(not_supported(path + ".apiGroup", group, ("",)))
        if not namespaced and not subject.get("namespace"):
            faults.append(required(path + ".namespace"))
    elif kind in _SUBJECT_KINDS:
        if group != GROUP:
            faults.append(not_supported(path + ".apiGroup", group, (GROUP,)))
    else:
        faults.append(not_supported(path + ".kind", kind, _SUBJECT_KINDS))
    return faults


def validate_binding_update(new: Obj, old: Obj) -> list[FieldError]:
    """A binding to another role is another binding."""
    role = new.get("roleRef")
    return [] if role == old.get("roleRef") else [invalid("roleRef", role, "cannot change roleRef")]
