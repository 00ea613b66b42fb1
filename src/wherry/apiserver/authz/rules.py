"""What one RBAC rule covers. Pure: rules in, answers out.

A request is either for a resource (verb, group, resource with subresource, name) or for a plain path. A rule is a
product of sets, `*` in any of them standing for all; names are the exception: no names means every name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product

from msgspec import Struct

from wherry.api import Obj

ALL = "*"


class Rule(Struct, frozen=True):
    """One PolicyRule, ready to be asked."""

    verbs: frozenset[str]
    groups: frozenset[str] = frozenset()
    resources: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    paths: tuple[str, ...] = ()

    def covers_verb(self, verb: str) -> bool:
        return verb in self.verbs or ALL in self.verbs

    def covers_resource(self, group: str, resource: str, subresource: str) -> bool:
        """Whether the rule is about this resource at all, whatever the verb and the name."""
        if group not in self.groups and ALL not in self.groups:
            return False
        resources = self.resources
        if ALL in resources:
            return True
        if not subresource:
            return resource in resources
        return f"{resource}/{subresource}" in resources or f"*/{subresource}" in resources

    def covers_path(self, path: str) -> bool:
        return any(_path_matches(pattern, path) for pattern in self.paths)


def parse_rules(rules: Iterable[Obj] | None) -> tuple[Rule, ...]:
    return tuple(
        Rule(
            frozenset(rule.get("verbs") or ()),
            frozenset(rule.get("apiGroups") or ()),
            frozenset(rule.get("resources") or ()),
            frozenset(rule.get("resourceNames") or ()),
            tuple(rule.get("nonResourceURLs") or ()),
        )
        for rule in rules or ()
    )


def uncovered(owned: Iterable[Rule], wanted: Iterable[Rule]) -> list[Rule]:
    """The smallest parts of `wanted` that no rule of `owned` covers: what somebody would gain.

    As upstream, a wanted rule is taken apart into its atoms (one verb, group, resource and name each) and each must be
    covered by one owned rule.
    """
    have = tuple(owned)
    return [atom for rule in wanted for atom in _atoms(rule) if not any(_covers(mine, atom) for mine in have)]


def format_rule(rule: Rule) -> str:
    """A rule in upstream's compact form, for refusals."""
    parts = [
        ("APIGroups", rule.groups),
        ("NonResourceURLs", rule.paths),
        ("ResourceNames", rule.names),
        ("Resources", rule.resources),
        ("Verbs", rule.verbs),
    ]
    inside = ", ".join(
        f"{name}:[{', '.join(_quote(value) for value in sorted(values))}]" for name, values in parts if values
    )
    return "{" + inside + "}"


def _quote(text: str) -> str:
    return f'"{text}"'


def _path_matches(pattern: str, path: str) -> bool:
    if pattern in (ALL, path):
        return True
    return pattern.endswith(ALL) and path.startswith(pattern.rstrip(ALL))


def _atoms(rule: Rule) -> Iterator[Rule]:
    names: Iterable[str | None] = sorted(rule.names) or (None,)
    for group, resource, name, verb in product(sorted(rule.groups), sorted(rule.resources), names, sorted(rule.verbs)):
        only = frozenset((name,)) if name is not None else frozenset[str]()
        yield Rule(frozenset((verb,)), frozenset((group,)), frozenset((resource,)), only)
    for path, verb in product(rule.paths, sorted(rule.verbs)):
        yield Rule(frozenset((verb,)), paths=(path,))


def _covers(owned: Rule, atom: Rule) -> bool:
    (verb,) = atom.verbs
    if not owned.covers_verb(verb):
        return False
    if atom.paths:
        return any(_path_matches(pattern, atom.paths[0]) for pattern in owned.paths)
    (group,), (resource,) = atom.groups, atom.resources
    if group not in owned.groups and ALL not in owned.groups:
        return False
    if not _resource_covers(owned.resources, resource):
        return False
    return not owned.names or (bool(atom.names) and atom.names <= owned.names)


def _resource_covers(owned: frozenset[str], resource: str) -> bool:
    if ALL in owned or resource in owned:
        return True
    _, slash, subresource = resource.partition("/")
    return bool(slash) and f"*/{subresource}" in owned
