"""Drives a provider: hears of the Pods bound to its nodes, calls its six methods, and reports what it says.

It is a controller like any other, so that queue, workers and back-off are those of `reconcile`. One informer serves all
nodes. The API hears of a Pod once per change: its status goes out as one patch of what differs, and the Pod that has
ended after it was deleted is deleted for good.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from msgspec import Struct

from wherry.api import Obj
from wherry.api.core.pod import PODS
from wherry.api.errors import Invalid, NotFound
from wherry.api.types.core_v1 import Pod
from wherry.api.types.decoding import to_obj
from wherry.client import Client, Informer, Key, Patch
from wherry.kubelet.pods.phase import TERMINAL
from wherry.kubelet.pods.writer import status_patch
from wherry.providers import Busy, Hosts, Notifying, Provider, Refused
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

log = logging.getLogger(__name__)

_BUSY_SECONDS = 5.0
_FAILED = "ProviderFailed"


class PodDriver(Struct):
    """What stands between the API and one provider; `controller` is what to give to `Loops`."""

    provider: Provider
    hosts: Hosts
    name: str

    def controller(self, workers: int = 128) -> Controller:
        """Many workers, since what they wait for is the store, which makes their writes durable together.

        Kubelets keep pace with whoever makes or deletes Pods by the thousand: what they have to look at was looked at
        a moment ago, and need not be decoded anew.
        """
        return Controller(
            name=self.name,
            reconciles=PODS,
            view=Pod,
            reconcile=self._reconcile,
            reads=(Watch(PODS, Pod, self._keys),),
            writes=("pods/status", "pods"),
            start=self._start,
            workers=workers,
            hears_own=False,
        )

    def _start(self, deps: Deps) -> Informer[Pod]:
        if isinstance(self.provider, Notifying):
            self.provider.notify(deps.enqueue)
        return deps.client.informer(PODS, Pod)

    def _keys(self, old: Pod | None, new: Pod | None, deps: Deps) -> Iterable[Key]:
        """The Pod, if it is bound to one of ours and more of it has changed than what we wrote ourselves."""
        pod = new if new is not None else old
        if pod is None or not pod.spec.node_name or not self.hosts.is_ours(pod.spec.node_name):
            return
        if old is None or new is None or is_news(old, new):
            yield Key(pod.metadata.namespace, pod.metadata.name)

    async def _reconcile(self, key: Key, deps: Deps) -> Result:
        informer: Informer[Pod] = deps.state
        pod = informer.get(key)
        known = await self.provider.get_pod(key.namespace, key.name)
        if known is not None and (pod is None or known.metadata.uid != pod.metadata.uid):
            await self.provider.delete_pod(known)
            known = None
        if pod is None or not self.hosts.is_ours(pod.spec.node_name or ""):
            return DONE
        if not self.hosts.is_heard(pod.spec.node_name or ""):
            return DONE  # it is looked at again when the node is back
        try:
            await self._hand_over(pod, known)
        except Busy as why:
            log.info("%s is busy: %s", self.name, why)
            return Result(_BUSY_SECONDS)
        except Refused as why:
            await _write(deps.client, pod, _refusal(pod, str(why)))
            return DONE
        return await self._report(key, pod, deps.client)

    async def _hand_over(self, pod: Pod, known: Pod | None) -> None:
        if known is None and (pod.status.phase not in TERMINAL or pod.metadata.deletion_timestamp is None):
            await self.provider.create_pod(pod)
        elif known is not None:
            await self.provider.update_pod(pod)
        if pod.metadata.deletion_timestamp is not None:
            await self.provider.delete_pod(pod)

    async def _report(self, key: Key, pod: Pod, client: Client) -> Result:
        status = await self.provider.get_pod_status(key.namespace, key.name)
        if status is not None:
            await _write(client, pod, status)
        if pod.metadata.deletion_timestamp is not None and (status is None or is_over(status)):
            try:
                await client.delete(PODS, key.name, key.namespace, uid=pod.metadata.uid, grace_seconds=0)
            except NotFound:
                pass
        return DONE


def is_news(old: Pod, new: Pod) -> bool:
    """Whether more of a Pod has changed than the status that its node writes."""
    before, after = old.metadata, new.metadata
    return (
        before.uid != after.uid
        or before.generation != after.generation
        or before.deletion_timestamp != after.deletion_timestamp
        or before.deletion_grace_period_seconds != after.deletion_grace_period_seconds
        or before.annotations != after.annotations
        or before.labels != after.labels
        or before.finalizers != after.finalizers
        or old.spec.node_name != new.spec.node_name
        or (bool(new.spec.readiness_gates) and old.status.conditions != new.status.conditions)
        or (not after.generation and old.spec != new.spec)
    )


def is_over(status: Obj) -> bool:
    """Whether a status says that nothing of its Pod runs any more."""
    lists = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
    return not any("running" in each["state"] for name in lists for each in status.get(name, ()))


async def _write(client: Client, pod: Pod, status: Obj) -> None:
    """Report what differs; a Pod that is gone needs no report.

    Raises Conflict, be it for another one of its name, of which the next look tells.
    """
    patch = status_patch(to_obj(pod.status), status)
    if not patch:
        return
    body = {"metadata": {"uid": pod.metadata.uid}, "status": patch}
    meta = pod.metadata
    try:
        await client.patch(PODS, meta.name, body, meta.namespace, type=Patch.STRATEGIC, subresource="status")
    except NotFound:
        return
    except Invalid as error:
        log.error("status of pod %s/%s refused: %s", meta.namespace, meta.name, error)


def _refusal(pod: Pod, message: str) -> Obj:
    """What virtual-kubelet reports of a Pod that its provider would not take."""
    phase = "Failed" if pod.spec.restart_policy == "Never" else "Pending"
    return {"phase": phase, "reason": _FAILED, "message": message}
