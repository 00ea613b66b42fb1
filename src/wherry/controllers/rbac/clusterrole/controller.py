"""Writes the union of the selected ClusterRoles' rules into the aggregated one."""

from __future__ import annotations

from collections.abc import Iterable

from wherry.api import Obj
from wherry.api.rbac.clusterrole import CLUSTERROLES
from wherry.api.types.decoding import to_obj
from wherry.api.types.rbac_v1 import ClusterRole
from wherry.client import Informer, Key
from wherry.controllers.selectors import matches
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch


def aggregated(role: ClusterRole, roles: Iterable[ClusterRole]) -> list[Obj]:
    """The rules of all selected roles, each once, in the order of the roles' names."""
    selectors = role.aggregation_rule.cluster_role_selectors if role.aggregation_rule is not None else ()
    rules: list[Obj] = []
    for selector in selectors:
        for other in sorted(roles, key=lambda one: one.metadata.name):
            if other.metadata.name != role.metadata.name and matches(selector, other.metadata.labels):
                rules += [rule for rule in to_obj(other.rules) if rule not in rules]
    return rules


async def reconcile(key: Key, deps: Deps) -> Result:
    informer = deps.client.informer(CLUSTERROLES, ClusterRole)
    role = informer.get(key)
    if role is None or role.aggregation_rule is None:
        return DONE
    rules = aggregated(role, list(informer.list()))
    if rules != to_obj(role.rules):
        applied = {"metadata": {"name": key.name, "uid": role.metadata.uid}, "rules": rules}
        await deps.client.apply(CLUSTERROLES, applied, manager=NAME, force=True)
    return DONE


def _of_role(old: ClusterRole | None, new: ClusterRole | None, deps: Deps) -> Iterable[Key]:
    """Any role may be part of any aggregated one."""
    if old is not None and new is not None and old.rules == new.rules and old.metadata.labels == new.metadata.labels:
        return
    aggregated_roles: Informer[ClusterRole] = deps.state
    for role in aggregated_roles.by_index(_AGGREGATED, _AGGREGATED):
        yield Key("", role.metadata.name)


def _start(deps: Deps) -> Informer[ClusterRole]:
    """Know the few roles that are made of others, so that the many are not looked through for each of them."""
    informer = deps.client.informer(CLUSTERROLES, ClusterRole)
    informer.add_index(_AGGREGATED, lambda role: () if role.aggregation_rule is None else (_AGGREGATED,))
    return informer


_AGGREGATED = "aggregated"

NAME = "clusterrole-aggregation-controller"
"""Also who the rules belong to: they are applied, so that whoever else applies the role learns of a conflict."""

CONTROLLER = Controller(
    name=NAME,
    reconciles=CLUSTERROLES,
    view=ClusterRole,
    reconcile=reconcile,
    reads=(Watch(CLUSTERROLES, ClusterRole, _of_role),),
    start=_start,
    writes=("clusterroles.rbac.authorization.k8s.io",),
    workers=1,
)
