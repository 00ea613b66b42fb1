"""Nobody grants what they do not have.

Who writes a role must have every right in it, unless the verb `escalate` on that role is allowed to them; who writes a
binding must have every right of the role it names, unless `bind` is. Looked at when a write is admitted, so that no way
of writing goes around it.
"""

from __future__ import annotations

from collections.abc import Iterable

from wherry.api.errors import NotFound
from wherry.api.rbac.clusterrole import CLUSTERROLES
from wherry.api.rbac.clusterrolebinding import CLUSTERROLEBINDINGS
from wherry.api.rbac.role import ROLES
from wherry.api.rbac.rolebinding import ROLEBINDINGS
from wherry.api.resource import Resource
from wherry.apiserver.admission.refusing import forbidden
from wherry.apiserver.attributes import MASTERS, Admission, Attributes, Plugin, Reader
from wherry.apiserver.authz.chain import Authorization
from wherry.apiserver.authz.rules import Rule, format_rule, parse_rules, uncovered

_GROUP = CLUSTERROLES.group
_MOST_SHOWN = 50


def no_escalation(authorization: Authorization) -> Plugin:
    """The plug-in for the four kinds of RBAC."""

    def plugin(admission: Admission, reader: Reader) -> None:
        obj = admission.obj
        if obj is None or admission.operation not in ("CREATE", "UPDATE") or MASTERS in admission.user.groups:
            return
        if admission.resource in (CLUSTERROLES, ROLES):
            _check_role(admission, authorization, reader)
        elif admission.resource in (CLUSTERROLEBINDINGS, ROLEBINDINGS):
            _check_binding(admission, authorization)

    return plugin


def _check_role(admission: Admission, authorization: Authorization, reader: Reader) -> None:
    new, old = admission.obj or {}, admission.old or {}
    if new.get("rules") == old.get("rules") and new.get("aggregationRule") == old.get("aggregationRule"):
        return
    if _may(admission, authorization, admission.resource, "escalate", new["metadata"].get("name", "")):
        return
    if new.get("aggregationRule") and new["aggregationRule"] != old.get("aggregationRule"):
        everything = parse_rules(
            [
                {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
                {"verbs": ["*"], "nonResourceURLs": ["*"]},
            ]
        )
        _refuse_gain(
            admission, authorization, everything, "must have cluster-admin privileges to use the aggregationRule"
        )
    _refuse_gain(admission, authorization, parse_rules(new.get("rules")), "")


def _check_binding(admission: Admission, authorization: Authorization) -> None:
    new, old = admission.obj or {}, admission.old or {}
    if new.get("roleRef") == old.get("roleRef") and new.get("subjects") == old.get("subjects"):
        return
    role = new.get("roleRef") or {}
    kind, name = role.get("kind", ""), role.get("name", "")
    resource = CLUSTERROLES if kind == CLUSTERROLES.kind else ROLES
    if _may(admission, authorization, resource, "bind", name):
        return
    rules = authorization.rbac.role_rules(kind, admission.namespace, name)
    if rules is None:
        raise NotFound.of(resource, name)
    _refuse_gain(admission, authorization, rules, "")


def _may(admission: Admission, authorization: Authorization, resource: Resource, verb: str, name: str) -> bool:
    attributes = Attributes(admission.user, verb, _GROUP, "v1", resource.plural, "", admission.namespace, name)
    return authorization.authorize(attributes).allowed


def _refuse_gain(admission: Admission, authorization: Authorization, wanted: Iterable[Rule], why: str) -> None:
    user = admission.user
    owned = [grant.rule for grant in authorization.rbac.grants(user, admission.namespace)]
    gained = uncovered(owned, wanted)
    if not gained:
        return
    if why:
        raise forbidden(admission, why)
    groups = " ".join(f'"{group}"' for group in user.groups)
    who = f'user "{user.name}" (groups=[{groups}]) is attempting to grant RBAC permissions not currently held'
    rules = "\n".join(sorted(format_rule(rule) for rule in gained)[:_MOST_SHOWN])
    missing = authorization.rbac.missing(user)
    unresolved = f"; resolution errors: [{', '.join(missing)}]" if missing else ""
    raise forbidden(admission, f"{who}:\n{rules}{unresolved}")
