"""Deletes what a namespace contains, then finalizes it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence

from wherry.api import Obj, errors
from wherry.api.core.namespace import NAMESPACES
from wherry.api.core.pod import PODS
from wherry.api.resource import Resource
from wherry.api.types.core_v1 import Namespace, Pod
from wherry.client import Client, Key
from wherry.controllers.core.namespace.plan import FINALIZER, Remains, conditions_for
from wherry.controllers.documents import plain
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

WIDTH = 64
"""Deletions under way at once."""
PAGE = 500


async def reconcile(key: Key, deps: Deps) -> Result:
    namespace = deps.client.informer(NAMESPACES, Namespace).get(key)
    if namespace is None or namespace.metadata.deletion_timestamp is None:
        return DONE
    spec_finalizers = namespace.spec.finalizers
    if not spec_finalizers:
        await _forget(namespace, deps.client)
        return DONE
    if FINALIZER not in spec_finalizers:
        return DONE  # somebody else's finalizer holds it
    remains = await empty(deps.client, key.name)
    if remains.is_empty:
        await _finalize(namespace, deps.client)
        return DONE
    await _report(namespace, remains, deps)
    return Result(remains.seconds)


async def empty(client: Client, namespace: str) -> Remains:
    """Delete everything in a namespace, Pods before all else, so that they never outlive what they rely on."""
    remains = Remains()
    await _delete_all(client, PODS, namespace, remains)
    if not remains.is_empty:
        return remains
    for resource in await client.resources():
        if resource.is_namespaced and {"list", "delete"} <= set(resource.verbs):
            await _delete_all(client, resource, namespace, remains)
    return remains


async def _delete_all(client: Client, resource: Resource, namespace: str, remains: Remains) -> None:
    try:
        _note(resource, await _sweep(client, resource, namespace), remains)
    except (errors.NotFound, errors.MethodNotAllowed):
        return  # the kind is no longer served
    except errors.ApiError as error:
        remains.failures.append(error.message)


async def _sweep(client: Client, resource: Resource, namespace: str) -> Sequence[Obj]:
    """Ask for the deletion of all objects of a kind; returns those that stay for now."""
    first = (await client.list(resource, namespace, limit=1)).items
    if first and "deletionTimestamp" not in first[0]["metadata"] and "deletecollection" in resource.verbs:
        await client.delete_collection(resource, namespace, propagation="Background")
    left: list[Obj] = []
    token = ""
    while True:
        try:
            page = await client.list(resource, namespace, limit=PAGE, continue_token=token)
        except errors.Expired:
            # What goes away meanwhile can push the first page out of the history: the rest is on a first page by now.
            left, token = [], ""
            continue
        for start in range(0, len(page.items), WIDTH):
            batch = page.items[start : start + WIDTH]
            answers = await asyncio.gather(*(_delete(client, resource, namespace, item) for item in batch))
            left += [obj for obj in answers if obj is not None]
        token = page.continue_token
        if not token:
            return left


async def _delete(client: Client, resource: Resource, namespace: str, obj: Obj) -> Obj | None:
    """The object as it is after the deletion was asked for, None when it is gone."""
    metadata = obj["metadata"]
    if "deletionTimestamp" in metadata:
        return obj
    try:
        answer = await client.delete(
            resource, metadata["name"], namespace, uid=metadata["uid"], propagation="Background"
        )
    except errors.NotFound:
        return None
    except errors.Conflict:
        return obj  # another may bear the name by now
    return answer if (answer.get("metadata") or {}).get("deletionTimestamp") and _is_held(answer) else None


def _is_held(obj: Obj) -> bool:
    metadata = obj["metadata"]
    return bool(metadata.get("finalizers")) or metadata.get("deletionGracePeriodSeconds", 0) > 0


def _note(resource: Resource, left: Sequence[Obj], remains: Remains) -> None:
    if not left:
        return
    name = f"{resource.plural}.{resource.group}"
    remains.kinds[name] = remains.kinds.get(name, 0) + len(left)
    for obj in left:
        remains.grace = max(remains.grace, obj["metadata"].get("deletionGracePeriodSeconds") or 0)
        for finalizer in obj["metadata"].get("finalizers", ()):
            remains.finalizers[finalizer] = remains.finalizers.get(finalizer, 0) + 1


async def _report(namespace: Namespace, remains: Remains, deps: Deps) -> None:
    status = plain(namespace.status)
    old = status.get("conditions", [])
    new = conditions_for(remains, old, deps.clock.time())
    if new != old:
        patch = {"status": {"conditions": new}}
        await deps.client.patch(NAMESPACES, namespace.metadata.name, patch, subresource="status")


async def _finalize(namespace: Namespace, client: Client) -> None:
    obj = plain(namespace)
    obj["apiVersion"], obj["kind"] = "v1", "Namespace"
    obj["spec"] = {"finalizers": [name for name in obj["spec"]["finalizers"] if name != FINALIZER]}
    try:
        await client.update(NAMESPACES, obj, subresource="finalize")
    except errors.NotFound:
        return
    if not obj["spec"]["finalizers"]:
        await _forget(namespace, client)


async def _forget(namespace: Namespace, client: Client) -> None:
    """Delete a namespace that nothing holds; usually the API let it go with its last finalizer."""
    try:
        await client.delete(NAMESPACES, namespace.metadata.name, uid=namespace.metadata.uid)
    except errors.NotFound:
        return


def _of_own(old: Namespace | None, new: Namespace | None, deps: Deps) -> Iterable[Key]:
    """A namespace on its way out, unless it is we who said how far it is: that would have us look at all of it."""
    if new is None or new.metadata.deletion_timestamp is None:
        return
    if (
        old is None
        or old.metadata.deletion_timestamp is None
        or old.metadata.finalizers != new.metadata.finalizers
        or old.spec.finalizers != new.spec.finalizers
    ):
        yield Key("", new.metadata.name)


def _of_pod(old: Pod | None, new: Pod | None, deps: Deps) -> Iterable[Key]:
    """The last Pod that is gone may be what its namespace waited for; all others would have it look in vain."""
    pods: Counter[str] = deps.state
    pod = new if new is not None else old
    if pod is None or (old is not None and new is not None):
        return
    name = pod.metadata.namespace
    pods[name] += 1 if old is None else -1
    if pods[name]:
        return
    del pods[name]
    namespace = deps.client.informer(NAMESPACES, Namespace).get(Key("", name))
    if namespace is not None and namespace.metadata.deletion_timestamp is not None:
        yield Key("", name)


def _start(deps: Deps) -> Counter[str]:
    """How many Pods each namespace has."""
    return Counter()


CONTROLLER = Controller(
    name="namespace-controller",
    reconciles=NAMESPACES,
    view=Namespace,
    reconcile=reconcile,
    reads=(Watch(NAMESPACES, Namespace, _of_own), Watch(PODS, Pod, _of_pod)),
    hears_own=False,
    writes=("namespaces/status", "namespaces/finalize", "* (delete)"),
    start=_start,
    workers=10,
)
