"""Role-based access control over the watch cache.

Roles and bindings are parsed when they change and kept by subject. The rules of a user are gathered at their first
request, and each decision is remembered with them; a change of any of the four kinds drops what was remembered but
not what was parsed. A known decision costs a look-up.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from msgspec import Struct

from wherry.api import Obj
from wherry.api.rbac.clusterrole import CLUSTERROLES
from wherry.api.rbac.clusterrolebinding import CLUSTERROLEBINDINGS
from wherry.api.rbac.role import ROLES
from wherry.api.rbac.rolebinding import ROLEBINDINGS
from wherry.api.resource import Resource
from wherry.apiserver.attributes import Attributes, Decision, Reader, User
from wherry.apiserver.authz.rules import Rule, parse_rules
from wherry.identity.tokens import service_account_user
from wherry.watchcache.item import Item

_USERS_REMEMBERED = 4096
_DECISIONS_REMEMBERED = 4096
NO_OPINION = Decision(False)

_Key = tuple[str, str]
_RoleKey = tuple[str, str, str]


class Grant(Struct, frozen=True):
    """A rule that a user has, where it holds ("" is everywhere), and through which binding."""

    namespace: str
    rule: Rule
    reason: str


class _Binding(Struct, frozen=True):
    namespace: str
    name: str
    role: _RoleKey
    subjects: tuple[tuple[_Key, str], ...]
    """Pairs of the subject's key, ("User" or "Group", name), and how the audit log calls it."""

    @property
    def kind(self) -> str:
        return "RoleBinding" if self.namespace else "ClusterRoleBinding"


class _UserRules:
    """What one user may do, and what has been decided of it."""

    __slots__ = ("decisions", "grants", "missing")

    def __init__(self, grants: tuple[Grant, ...], missing: tuple[str, ...]) -> None:
        self.grants = grants
        self.missing = missing
        self.decisions: dict[tuple[str, str, str, str, str], tuple[Decision, tuple[Grant, ...]]] = {}


class Rbac:
    """Decides by roles and bindings."""

    __slots__ = ("_bindings", "_by_subject", "_reader", "_roles", "_users")

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._roles: dict[_RoleKey, tuple[Rule, ...]] = {}
        self._bindings: dict[_Key, _Binding] = {}
        self._by_subject: dict[_Key, dict[_Key, str]] = {}
        self._users: dict[User, _UserRules] = {}
        for resource in (CLUSTERROLES, ROLES):
            reader.observe(resource, partial(self._role_changed, resource))
        for resource in (CLUSTERROLEBINDINGS, ROLEBINDINGS):
            reader.observe(resource, self._binding_changed)
            for item in reader.list(resource):
                self._binding_changed(None, item)

    def authorize(self, attributes: Attributes) -> Decision:
        rules = self._rules(attributes.user)
        if not attributes.resource:
            return _decide_path(rules, attributes)
        key = (attributes.verb, attributes.group, attributes.resource, attributes.subresource, attributes.namespace)
        known = rules.decisions.get(key)
        if known is None:
            known = _decide(rules, attributes)
            if len(rules.decisions) >= _DECISIONS_REMEMBERED:
                rules.decisions.clear()
            rules.decisions[key] = known
        decision, named = known
        if named and not decision.allowed:
            for grant in named:
                if attributes.name in grant.rule.names:
                    return Decision(True, grant.reason)
        return decision

    def grants(self, user: User, namespace: str = "") -> Iterator[Grant]:
        """The rules that `user` has everywhere and, if one is named, in a namespace."""
        return (grant for grant in self._rules(user).grants if not grant.namespace or grant.namespace == namespace)

    def missing(self, user: User) -> tuple[str, ...]:
        """Roles that bindings of the user name but that do not exist."""
        return self._rules(user).missing

    def role_rules(self, kind: str, namespace: str, name: str) -> tuple[Rule, ...] | None:
        """The rules of a ClusterRole or Role; None when there is no such role."""
        key = (kind, "" if kind == CLUSTERROLES.kind else namespace, name)
        rules = self._roles.get(key)
        if rules is None:
            resource = CLUSTERROLES if kind == CLUSTERROLES.kind else ROLES
            item = self._reader.get(resource, key[1], name)
            if item is None:
                return None
            rules = self._roles[key] = parse_rules(item.decode().get("rules"))
        return rules

    def _rules(self, user: User) -> _UserRules:
        rules = self._users.get(user)
        if rules is None:
            rules = self._gather(user)
            if len(self._users) >= _USERS_REMEMBERED:
                self._users.clear()
            self._users[user] = rules
        return rules

    def _gather(self, user: User) -> _UserRules:
        grants: list[Grant] = []
        missing: list[str] = []
        seen: set[_Key] = set()
        for subject in (("User", user.name), *(("Group", group) for group in user.groups)):
            for key, title in self._by_subject.get(subject, {}).items():
                if key in seen:
                    continue
                seen.add(key)
                binding = self._bindings[key]
                rules = self.role_rules(*binding.role)
                if rules is None:
                    missing.append(_not_found(binding))
                    continue
                reason = _reason(binding, title)
                grants.extend(Grant(binding.namespace, rule, reason) for rule in rules)
        grants.sort(key=lambda grant: grant.namespace != "")
        return _UserRules(tuple(grants), tuple(missing))

    def _role_changed(self, resource: Resource, before: Item | None, after: Item | None) -> None:
        item = after or before
        if item is not None:
            self._roles.pop((resource.kind, item.namespace, item.name), None)
            self._users.clear()

    def _binding_changed(self, before: Item | None, after: Item | None) -> None:
        self._users.clear()
        if before is not None and (old := self._bindings.pop((before.namespace, before.name), None)):
            for subject, _ in old.subjects:
                self._by_subject[subject].pop((old.namespace, old.name), None)
        if after is not None:
            binding = _parse_binding(after)
            key = (binding.namespace, binding.name)
            self._bindings[key] = binding
            for subject, title in binding.subjects:
                self._by_subject.setdefault(subject, {})[key] = title


def _decide(rules: _UserRules, attributes: Attributes) -> tuple[Decision, tuple[Grant, ...]]:
    """The decision that holds for every name, and the grants that hold for some names only."""
    named: list[Grant] = []
    for grant in rules.grants:
        rule = grant.rule
        if grant.namespace and grant.namespace != attributes.namespace:
            continue
        if not rule.covers_verb(attributes.verb):
            continue
        if not rule.covers_resource(attributes.group, attributes.resource, attributes.subresource):
            continue
        if not rule.names:
            return Decision(True, grant.reason), ()
        named.append(grant)
    return _refused(rules), tuple(named)


def _decide_path(rules: _UserRules, attributes: Attributes) -> Decision:
    for grant in rules.grants:
        rule = grant.rule
        if not grant.namespace and rule.covers_verb(attributes.verb) and rule.covers_path(attributes.path):
            return Decision(True, grant.reason)
    return _refused(rules)


def _refused(rules: _UserRules) -> Decision:
    if not rules.missing:
        return NO_OPINION
    faults = rules.missing
    return Decision(False, "RBAC: " + (faults[0] if len(faults) == 1 else "[" + ", ".join(faults) + "]"))


def _parse_binding(item: Item) -> _Binding:
    obj = item.decode()
    role = obj["roleRef"]
    namespace = "" if role["kind"] == CLUSTERROLES.kind else item.namespace
    subjects = dict(pair for subject in obj.get("subjects") or () if (pair := _subject(subject, item.namespace)))
    return _Binding(item.namespace, item.name, (role["kind"], namespace, role["name"]), tuple(subjects.items()))


def _subject(subject: Obj, namespace: str) -> tuple[_Key, str] | None:
    kind, name = subject["kind"], subject["name"]
    if kind in ("User", "Group"):
        return (kind, name), f'{kind} "{name}"'
    if kind == "ServiceAccount" and (home := subject.get("namespace") or namespace):
        return ("User", service_account_user(home, name)), f'ServiceAccount "{name}/{home}"'
    return None


def _reason(binding: _Binding, subject: str) -> str:
    name = f"{binding.name}/{binding.namespace}" if binding.namespace else binding.name
    kind, _, role = binding.role
    return f'RBAC: allowed by {binding.kind} "{name}" of {kind} "{role}" to {subject}'


def _not_found(binding: _Binding) -> str:
    kind, _, role = binding.role
    return f'{kind.lower()}.rbac.authorization.k8s.io "{role}" not found'
