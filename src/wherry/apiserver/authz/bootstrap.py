"""Keeps the default roles and bindings as they should be, at every start.

As upstream: what is missing is created; what is there gets the rules and subjects that it lacks, and keeps those that
somebody added. An object whose annotation `rbac.authorization.kubernetes.io/autoupdate` is "false" is left alone. A
binding that points at another role than it should is replaced, since a roleRef cannot change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct

from wherry.api import Obj
from wherry.api.errors import AlreadyExists, Conflict, NotFound
from wherry.api.rbac.clusterrole import CLUSTERROLES
from wherry.api.rbac.clusterrolebinding import CLUSTERROLEBINDINGS
from wherry.api.rbac.role import ROLES
from wherry.api.rbac.rolebinding import ROLEBINDINGS
from wherry.api.resource import Resource
from wherry.apiserver.attributes import Reader
from wherry.apiserver.authz import policy
from wherry.apiserver.authz.aggregation import aggregated_rules
from wherry.apiserver.authz.policy import PolicyBinding, PolicyRole
from wherry.apiserver.authz.rules import parse_rules, uncovered
from wherry.client import Client

AUTOUPDATE = "rbac.authorization.kubernetes.io/autoupdate"
_LABEL = "kubernetes.io/bootstrapping"
_GROUP = "rbac.authorization.k8s.io"


class Step(Struct, frozen=True):
    """One write that brings a default object to what it should be."""

    verb: str
    """create, update or replace (delete, then create)."""
    resource: Resource
    obj: Obj


@lru_cache(maxsize=1)
def default_objects() -> Sequence[tuple[Resource, Obj]]:
    """Every default role and binding, as it is in a new cluster: made-up roles are already made up. Not to be changed:
    all control planes of a process share them."""
    roles = [_role(role) for role in policy.cluster_roles()]
    for name in ("view", "edit", "admin"):
        role = next(role for role in roles if role["metadata"]["name"] == name)
        role["rules"] = aggregated_rules(role, roles)
    return (
        *((CLUSTERROLES, role) for role in roles),
        *((CLUSTERROLEBINDINGS, _binding(binding, CLUSTERROLES)) for binding in policy.cluster_bindings()),
        *((ROLES, _role(role)) for role in policy.namespace_roles()),
        *((ROLEBINDINGS, _binding(binding, ROLES)) for binding in policy.namespace_bindings()),
    )


def plan_bootstrap(reader: Reader) -> list[Step]:
    """What has to be written, given what there is."""
    steps = []
    for resource, wanted in default_objects():
        metadata = wanted["metadata"]
        item = reader.get(resource, metadata.get("namespace", ""), metadata["name"])
        step = _step(resource, wanted, item.decode() if item else None)
        if step is not None:
            steps.append(step)
    return steps


def _step(resource: Resource, wanted: Obj, stored: Obj | None) -> Step | None:
    if stored is None:
        return Step("create", resource, wanted)
    if (stored["metadata"].get("annotations") or {}).get(AUTOUPDATE) == "false":
        return None
    if "roleRef" in wanted and stored["roleRef"] != wanted["roleRef"]:
        return Step("replace", resource, wanted)
    merged = _merged_metadata(stored, wanted)
    if "roleRef" in wanted:
        _add_subjects(merged, wanted)
    else:
        _add_rules(merged, wanted)
    return Step("update", resource, merged) if merged != stored else None


def _merged_metadata(stored: Obj, wanted: Obj) -> Obj:
    metadata = dict(stored["metadata"])
    for key in ("labels", "annotations"):
        if wanted["metadata"].get(key):
            metadata[key] = {**wanted["metadata"][key], **(metadata.get(key) or {})}
    return {**stored, "metadata": metadata}


def _add_rules(merged: Obj, wanted: Obj) -> None:
    if "aggregationRule" in wanted:
        merged["aggregationRule"] = merged.get("aggregationRule") or wanted["aggregationRule"]
        return
    rules = list(merged.get("rules") or ())
    if rules == wanted["rules"]:
        return  # As nearly always: to weigh rules against each other takes most of the time of a start.
    owned = parse_rules(rules)
    for rule in wanted["rules"]:
        if uncovered(owned, parse_rules([rule])):
            rules.append(rule)
    if rules:
        merged["rules"] = rules


def _add_subjects(merged: Obj, wanted: Obj) -> None:
    subjects = list(merged.get("subjects") or ())
    missing = [subject for subject in wanted.get("subjects") or () if subject not in subjects]
    if missing:
        merged["subjects"] = subjects + missing


def _metadata(name: str, namespace: str, labels: tuple[str, ...] = ()) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    metadata["labels"] = {_LABEL: "rbac-defaults", **dict.fromkeys(labels, "true")}
    metadata["annotations"] = {AUTOUPDATE: "true"}
    return metadata


def _role(role: PolicyRole) -> Obj:
    kind = "Role" if role.namespace else "ClusterRole"
    obj: Obj = {
        "apiVersion": f"{_GROUP}/v1",
        "kind": kind,
        "metadata": _metadata(role.name, role.namespace, role.labels),
    }
    if role.aggregates:
        obj["aggregationRule"] = {"clusterRoleSelectors": [{"matchLabels": {role.aggregates: "true"}}]}
    obj["rules"] = list(role.rules)
    return obj


def _binding(binding: PolicyBinding, role: Resource) -> Obj:
    kind = "RoleBinding" if binding.namespace else "ClusterRoleBinding"
    obj: Obj = {
        "apiVersion": f"{_GROUP}/v1",
        "kind": kind,
        "metadata": _metadata(binding.name, binding.namespace),
        "roleRef": {"apiGroup": _GROUP, "kind": role.kind, "name": binding.role},
    }
    if binding.subjects:
        obj["subjects"] = list(binding.subjects)
    return obj


async def restore_policy(client: Client, reader: Reader) -> int:
    """Write what `plan_bootstrap` asks for, all at once so that it costs one commit; returns how many were touched.

    A conflict with somebody who writes at the same moment is no harm: the next start looks again.
    """
    steps = plan_bootstrap(reader)
    for result in await asyncio.gather(*(_carry_out(client, step) for step in steps), return_exceptions=True):
        if isinstance(result, BaseException) and not isinstance(result, AlreadyExists | Conflict | NotFound):
            raise result
    return len(steps)


async def _carry_out(client: Client, step: Step) -> None:
    metadata = step.obj["metadata"]
    namespace = metadata.get("namespace", "")
    if step.verb == "update":
        await client.update(step.resource, step.obj)
        return
    if step.verb == "replace":
        await client.delete(step.resource, metadata["name"], namespace)
    await client.create(step.resource, step.obj, namespace)
