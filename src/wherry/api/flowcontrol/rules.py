"""Rules for who and what a FlowSchema is about, and for conditions of both kinds."""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.field import FieldError, duplicate, forbidden, invalid, not_supported, required
from wherry.api.meta.names import dns1123_label_faults, dns1123_subdomain_faults

Part = dict[str, Any]
Faults = list[FieldError]

_VERBS = frozenset(["get", "list", "create", "update", "delete", "deletecollection", "patch", "watch", "proxy"])
_FIELDS = {"ServiceAccount": "serviceAccount", "User": "user", "Group": "group"}
_NAMESPACE = "each member of this list must be '*' or a DNS-1123 label; "


def validate_rule(rule: Part, path: str) -> Faults:
    """Somebody, doing something."""
    faults: Faults = []
    subjects, resources, others = (rule.get(f) or () for f in ("subjects", "resourceRules", "nonResourceRules"))
    for index, subject in enumerate(subjects):
        faults += _validate_subject(subject, f"{path}.subjects[{index}]")
    if not subjects:
        faults.append(required(path + ".subjects", "subjects must contain at least one value"))
    if not resources and not others:
        why = "at least one of resourceRules and nonResourceRules has to be non-empty"
        faults.append(required(path, why))
    for index, resource in enumerate(resources):
        faults += _validate_resource_rule(resource, f"{path}.resourceRules[{index}]")
    for index, other in enumerate(others):
        faults += _validate_path_rule(other, f"{path}.nonResourceRules[{index}]")
    return faults


def _validate_subject(subject: Part, path: str) -> Faults:
    kind = subject.get("kind") or ""
    if kind not in _FIELDS:
        return [not_supported(path + ".kind", kind, frozenset(_FIELDS))]
    field = _FIELDS[kind]
    faults: Faults = []
    if subject.get(field) is None:
        faults.append(required(f"{path}.{field}", f"{field} is required when subject kind is '{kind}'"))
    elif kind == "ServiceAccount":
        faults += _validate_account(subject[field], f"{path}.{field}")
    elif not subject[field].get("name"):
        faults.append(required(f"{path}.{field}.name"))
    return faults + [
        forbidden(f"{path}.{other}", f"{other} is forbidden when subject kind is not '{name}'")
        for name, other in _FIELDS.items()
        if other != field and subject.get(other) is not None
    ]


def _validate_account(account: Part, path: str) -> Faults:
    name, namespace = account.get("name") or "", account.get("namespace") or ""
    faults: Faults = []
    if not name:
        faults.append(required(path + ".name"))
    elif name != "*":
        faults += [invalid(path + ".name", name, why) for why in dns1123_subdomain_faults(name)]
    if not namespace:
        return [*faults, required(path + ".namespace", "must specify namespace for service account")]
    return faults + [invalid(path + ".namespace", namespace, why) for why in dns1123_label_faults(namespace)]


def _validate_verbs(verbs: list[str], path: str) -> Faults:
    if not verbs:
        return [required(path, "verbs must contain at least one value")]
    if "*" in verbs:
        return [invalid(path, verbs, "if '*' is present, must not specify other verbs")] if len(verbs) > 1 else []
    return [] if _VERBS.issuperset(verbs) else [not_supported(path, verbs, _VERBS)]


def _validate_resource_rule(rule: Part, path: str) -> Faults:
    faults = _validate_verbs(rule.get("verbs") or [], path + ".verbs")
    for field, one, many in (("apiGroups", "api group", "api groups"), ("resources", "resource", "resources")):
        values = rule.get(field) or []
        if not values:
            faults.append(required(f"{path}.{field}", f"resource rules must supply at least one {one}"))
        elif len(values) > 1 and "*" in values:
            faults.append(invalid(f"{path}.{field}", values, f"if '*' is present, must not specify other {many}"))
    namespaces, where = rule.get("namespaces") or [], path + ".namespaces"
    if not namespaces and not rule.get("clusterScope"):
        why = "resource rules that are not cluster scoped must supply at least one namespace"
        faults.append(required(where, why))
    elif "*" in namespaces:
        if len(namespaces) > 1:
            faults.append(invalid(where, namespaces, "if '*' is present, must not specify other namespaces"))
    else:
        for index, name in enumerate(namespaces):
            faults += [invalid(f"{where}[{index}]", name, _NAMESPACE + why) for why in dns1123_label_faults(name)]
    return faults


def _validate_path_rule(rule: Part, path: str) -> Faults:
    faults, urls = _validate_verbs(rule.get("verbs") or [], path + ".verbs"), rule.get("nonResourceURLs") or []
    where = path + ".nonResourceURLs"
    if not urls:
        faults.append(required(where, "nonResourceURLs must contain at least one value"))
    elif "*" in urls:
        if len(urls) > 1:
            faults.append(invalid(where, urls, "if '*' is present, must not specify other non-resource URLs"))
    else:
        reasons = [(index, url, _url_fault(url)) for index, url in enumerate(urls)]
        faults += [invalid(f"{where}[{index}]", url, why) for index, url, why in reasons if why]
    return faults


def _url_fault(url: str) -> str:
    if not url:
        return "must not be empty"
    if not url.startswith("/"):
        return "must start with slash"
    if " " in url:
        return "must not contain white-space"
    if "//" in url:
        return "must not contain double slash"
    stars = url.count("*")
    return "wildcard can only do suffix matching" if stars > 1 or (stars and not url.endswith("/*")) else ""


def validate_status(obj: Obj) -> Faults:
    """Conditions, each of a type of its own."""
    faults: Faults = []
    seen: set[str] = set()
    for index, condition in enumerate((obj.get("status") or {}).get("conditions") or ()):
        kind, path = condition.get("type") or "", f"status.conditions[{index}].type"
        if kind in seen:
            faults.append(duplicate(path, kind))
        seen.add(kind)
        if not kind:
            faults.append(required(path))
    return faults


def validate_status_update(new: Obj, _: Obj) -> Faults:
    return validate_status(new)
