"""All pods of this node: hears of them from the API, of their containers from the runtime, and wakes their workers.

What runs when the agent starts is adopted: its workers find sandboxes and containers by the pod's UID and carry on.
What runs and belongs to no pod of the API's is ended, but only once the API has been heard: a node cut off from it
changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from wherry.api.errors import ApiError
from wherry.api.types.core_v1 import Pod
from wherry.api.types.meta_v1 import ObjectMeta
from wherry.client import Client, Informer, Key
from wherry.kubelet.pods import preempting
from wherry.kubelet.pods.admission import Admitted, Refused, has_other_labels
from wherry.kubelet.pods.services import Services
from wherry.kubelet.pods.status import Verdict
from wherry.kubelet.pods.termination import stop_containers, stop_sandboxes
from wherry.kubelet.pods.worker import PodWorker
from wherry.kubelet.runtime.model import Container, EventKind, RuntimeEvent, Sandbox
from wherry.kubelet.runtime.protocol import RuntimeFailure
from wherry.kubelet.volumes.cleaning import StillMounted, remove_tree
from wherry.kubelet.volumes.driver import VolumeError
from wherry.lib.tasks import Tasks

log = logging.getLogger(__name__)

RELIST_SECONDS = 60.0
"""How often the runtime is asked for everything, to heal what no event told."""
_RECONNECT_SECONDS = 0.5
_SETTLE_SECONDS = (0.02, 0.4)
"""A runtime announces a container's end before its own books show it: look soon, and once more."""


class Door(Protocol):
    """Who lets pods in."""

    def admit(self, pod: Pod, others: Sequence[Pod]) -> Refused | Admitted:
        """Judge a pod beside those that are here, by what is known of the node."""
        ...

    async def look_again(self) -> None:
        """Ask the API what the node is like now: its labels may be newer than what was heard of them."""
        ...


class PodManager:
    """The workers of one node's pods."""

    def __init__(self, services: Services, client: Client, informer: Informer[Pod], door: Door) -> None:
        """`informer` shows the pods bound to this node and no others."""
        self._services = services
        self._client = client
        self._informer = informer
        self._door = door
        self._waiting: set[str] = set()
        """Those about whom the API is asked once more before they are refused."""
        self._workers: dict[str, PodWorker] = {}
        self._finished: set[str] = set()
        self._owners: dict[str, str] = {}
        self._seen: dict[str, object] = {}
        self._tasks = Tasks("pods")
        self._is_draining = False

    async def run(self) -> None:
        """Run until cancelled; pods go on running when this ends."""
        try:
            await self._informer.wait_synced()
            self._informer.add_handler(self._on_pod)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._follow_runtime())
                group.create_task(self._heal())
        finally:
            await self._tasks.close()

    def pods(self) -> list[Pod]:
        """Every pod that this node still works on."""
        return [worker.pod for worker in self._workers.values() if not worker.is_gone]

    def granted_pods(self) -> list[Pod]:
        """The same, each asking for no more than it has been granted."""
        return [worker.granted_pod for worker in self._workers.values() if not worker.is_gone]

    def pod(self, namespace: str, name: str) -> Pod | None:
        return next(
            (each for each in self.pods() if (each.metadata.namespace, each.metadata.name) == (namespace, name)), None
        )

    def running_logs(self) -> Iterator[tuple[str, Path]]:
        """(container id, log file) of every container that is running, as far as its worker knows."""
        for worker in self._workers.values():
            for each in worker.last_runtime.containers:
                if each.is_running:
                    yield each.id, self._services.layout.log_file(worker.pod, each.name, each.attempt)

    def refresh(self, uid: str) -> None:
        """An object that a pod uses has changed."""
        if (worker := self._workers.get(uid)) is not None:
            worker.refresh()

    def wake_all(self) -> None:
        """The runtime may be another than before: everybody look."""
        for worker in self._workers.values():
            worker.wake()

    async def drain(self, grace: int) -> None:
        """Stop every pod's containers and sandbox, within `grace`, because the node goes down."""
        self._is_draining = True
        pods = {worker.pod.metadata.uid: worker.pod for worker in self._workers.values()}
        await self._tasks.close()
        sandboxes = await self._services.runtime.sandboxes()
        uids = {each.uid: each for each in sandboxes}
        results = await asyncio.gather(
            *(self._drain_one(pods.get(uid) or _stand_in(sandbox), grace) for uid, sandbox in uids.items()),
            return_exceptions=True,
        )
        for result in results:
            if isinstance(result, BaseException):
                log.warning("draining: %s", result)

    async def _drain_one(self, pod: Pod, grace: int) -> None:
        runtime = await self._services.runtime.pod(pod.metadata.uid)
        own = pod.spec.termination_grace_period_seconds
        await stop_containers(self._services, pod, runtime, min(grace, 30 if own is None else own))
        await stop_sandboxes(self._services, runtime)

    def _on_pod(self, old: Pod | None, new: Pod | None) -> None:
        if self._is_draining:
            return
        if old is not None and (new is None or new.metadata.uid != old.metadata.uid):
            self._finished.discard(old.metadata.uid)
            if (worker := self._workers.get(old.metadata.uid)) is not None:
                worker.update(None)
        if new is None:
            return
        uid = new.metadata.uid
        if (worker := self._workers.get(uid)) is not None:
            worker.update(new)
        elif uid not in self._finished and uid not in self._waiting:
            self._receive(new)

    def _receive(self, pod: Pod) -> None:
        """Ask at the door, but only for pods that have not been let in before."""
        if pod.status.start_time is not None or pod.metadata.deletion_timestamp is not None:
            self._start(PodWorker(self._services, self._client, pod, None))
            return
        answer = self._door.admit(pod, self._here())
        if has_other_labels(answer):
            self._waiting.add(pod.metadata.uid)
            self._tasks.spawn(self._receive_again(pod.metadata.uid, Key(pod.metadata.namespace, pod.metadata.name)))
        else:
            self._start(PodWorker(self._services, self._client, pod, self._heed(pod, answer)))

    async def _receive_again(self, uid: str, key: Key) -> None:
        try:
            await self._door.look_again()
        except (ApiError, OSError) as error:
            log.info("looking at this node again: %s", error)
        finally:
            self._waiting.discard(uid)
        pod = self._informer.get(key)
        if pod is not None and pod.metadata.uid == uid:
            answer = self._door.admit(pod, self._here())
            self._start(PodWorker(self._services, self._client, pod, self._heed(pod, answer)))

    def _here(self) -> list[Pod]:
        """All that have been let in: those too, after a restart, of which nobody has told yet."""
        told = self._workers.keys() | self._finished
        others = (pod for pod in self._informer.list() if pod.metadata.uid not in told)
        return [*self.granted_pods(), *(pod for pod in others if pod.status.start_time is not None)]

    def _heed(self, pod: Pod, answer: Refused | Admitted) -> Verdict | None:
        if isinstance(answer, Refused):
            self._services.tell(pod, "Warning", answer.reason, answer.message)
            return answer.verdict
        for victim in answer.victims:
            self._services.tell(victim, "Warning", preempting.REASON, preempting.MESSAGE)
            if (worker := self._workers.get(victim.metadata.uid)) is not None:
                worker.end(preempting.VERDICT)
            else:
                self._start(PodWorker(self._services, self._client, victim, preempting.VERDICT))
        return None

    def _start(self, worker: PodWorker) -> None:
        uid = worker.pod.metadata.uid
        self._workers[uid] = worker
        task = self._tasks.spawn(worker.run(), f"pod {worker.pod.metadata.namespace}/{worker.pod.metadata.name}")
        task.add_done_callback(lambda _: self._forget(uid, worker))

    def _forget(self, uid: str, worker: PodWorker) -> None:
        del self._workers[uid]
        if not worker.is_gone:
            self._finished.add(uid)  # finalizers may keep the object for long; the node is done with it

    async def _follow_runtime(self) -> None:
        while True:
            try:
                async for event in self._services.runtime.events():
                    await self._on_event(event)
            except RuntimeFailure as failure:
                log.info("runtime events: %s", failure)
            await self._services.clock.sleep(_RECONNECT_SECONDS)
            self.wake_all()

    async def _on_event(self, event: RuntimeEvent) -> None:
        if event.kind is EventKind.STARTED:
            return
        uid = self._owners.get(event.container_id)
        if uid is None:
            await self._list()
            uid = self._owners.get(event.container_id)
        if uid is None or uid not in self._workers:
            return
        for delay in _SETTLE_SECONDS:
            self._services.clock.call_later(delay, lambda uid=uid: self._wake(uid))  # type: ignore[misc]

    def _wake(self, uid: str) -> None:
        if (worker := self._workers.get(uid)) is not None:
            worker.wake()

    async def _heal(self) -> None:
        """List everything now and then: wake pods that changed unnoticed, end what belongs to nobody."""
        while True:
            try:
                sandboxes, containers = await self._list()
                self._wake_changed([*sandboxes, *containers])
                await self._clean(sandboxes)
            except RuntimeFailure as failure:
                log.info("relist: %s", failure)
            await self._services.clock.sleep(RELIST_SECONDS)

    async def _list(self) -> tuple[Sequence[Sandbox], Sequence[Container]]:
        sandboxes = await self._services.runtime.sandboxes()
        containers = await self._services.runtime.containers()
        self._owners = {each.id: each.uid for each in sandboxes} | {each.id: each.uid for each in containers}
        return sandboxes, containers

    def _wake_changed(self, listed: Sequence[Sandbox | Container]) -> None:
        seen: dict[str, object] = {each.id: each.state for each in listed}
        changed = {key for key in {*seen, *self._seen} if seen.get(key) is not self._seen.get(key)}
        for key in changed:
            if (uid := self._owners.get(key)) is not None:
                self._wake(uid)
        self._seen = seen

    async def _clean(self, sandboxes: Sequence[Sandbox]) -> None:
        """End pods that the API does not know, and remove what others have left on the host."""
        known = {pod.metadata.uid for pod in self._informer.list()} | set(self._workers)
        for sandbox in sandboxes:
            if sandbox.uid not in known:
                known.add(sandbox.uid)
                log.info("ending pod %s/%s, which the API does not know", sandbox.namespace, sandbox.name)
                worker = PodWorker(self._services, self._client, _stand_in(sandbox), None)
                worker.is_gone = True
                self._start(worker)
        services = self._services
        for uid in (services.volumes.uids() | services.cgroups.uids()) - known:
            try:
                await services.volumes.take_down(uid)
                remove_tree(services.layout.pod(uid))
            except (VolumeError, StillMounted, OSError) as error:
                log.warning("cleaning up after pod %s: %s", uid, error)
            services.cgroups.remove(uid)


def _stand_in(sandbox: Sandbox) -> Pod:
    """A pod of which only the name is known."""
    return Pod(metadata=ObjectMeta(name=sandbox.name, namespace=sandbox.namespace, uid=sandbox.uid))
