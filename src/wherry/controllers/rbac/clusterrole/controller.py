"""Writes the union of the selected ClusterRoles' rules into the aggregated one."""

from __future__ import annotations

from collections.abc import Iterable

from wherry.api import Obj, errors
from wherry.api.rbac.clusterrole import CLUSTERROLES
from wherry.api.types.decoding import to_obj
from wherry.api.types.rbac_v1 import ClusterRole
from wherry.client import Key
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
        patch = {"metadata": {"resourceVersion": role.metadata.resource_version}, "rules": rules}
        try:
            await deps.client.patch(CLUSTERROLES, key.name, patch)
        except errors.NotFound:
            return DONE
    return DONE


def _of_role(old: ClusterRole | None, new: ClusterRole | None, deps: Deps) -> Iterable[Key]:
    """Any role may be part of any aggregated one."""
    if old is not None and new is not None and old.rules == new.rules and old.metadata.labels == new.metadata.labels:
        return
    for role in deps.client.informer(CLUSTERROLES, ClusterRole).list():
        if role.aggregation_rule is not None:
            yield Key("", role.metadata.name)


CONTROLLER = Controller(
    name="clusterrole-aggregation-controller",
    reconciles=CLUSTERROLES,
    view=ClusterRole,
    reconcile=reconcile,
    reads=(Watch(CLUSTERROLES, ClusterRole, _of_role),),
    writes=("clusterroles.rbac.authorization.k8s.io",),
    workers=1,
)
