"""One pod's worker: from the first time the node hears of it until nothing of it is left.

    running ──(deleted, evicted, refused, or all done)──▶ ending ──▶ ended ──(deleted in the API)──▶ removed

While running, each wake is one pass of `syncing`. Ending calls off the pass under way, stops everything within the
grace, and reports. Only a pod that is deleted is removed, with everything it left on the host; then the API may forget
it.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable

from wherry.api.core.pod import PODS
from wherry.api.errors import ApiError, NotFound
from wherry.api.types.core_v1 import Pod, PodCondition
from wherry.client import Client
from wherry.kubelet.pods.conditions import OWNED
from wherry.kubelet.pods.phase import TERMINAL
from wherry.kubelet.pods.resizing import with_resources
from wherry.kubelet.pods.services import Services
from wherry.kubelet.pods.status import Verdict
from wherry.kubelet.pods.syncing import Memory, SyncFailure, Syncing
from wherry.kubelet.pods.termination import (
    grace_seconds,
    remove_all,
    stop_containers,
    stop_orphan,
    stop_sandboxes,
)
from wherry.kubelet.runtime.model import PodRuntime
from wherry.kubelet.runtime.protocol import RuntimeFailure
from wherry.kubelet.volumes.cleaning import StillMounted, remove_tree
from wherry.kubelet.volumes.driver import VolumeError
from wherry.lib.clock import Timer, parse_time
from wherry.lib.tasks import Tasks

log = logging.getLogger(__name__)

_RETRY_SECONDS = 1.0


def foreign_conditions(pod: Pod) -> tuple[PodCondition, ...]:
    """Conditions that others set, such as those of readiness gates."""
    return tuple(each for each in pod.status.conditions if each.type not in OWNED)


class PodWorker:
    """Owns one pod on this node."""

    def __init__(self, services: Services, client: Client, pod: Pod, verdict: Verdict | None) -> None:
        """`verdict`: the pod was refused at the door and must not run."""
        self._services = services
        self._client = client
        self.pod = pod
        self.is_gone = False
        """The API no longer has the pod."""
        self._memory = Memory(verdict=verdict)
        self._syncing = Syncing(services, self._memory)
        self._changed = asyncio.Event()
        self._tasks = Tasks(f"pod {pod.metadata.namespace}/{pod.metadata.name}")
        self._pass: asyncio.Task[tuple[bool, float | None]] | None = None
        self._stop: asyncio.Task[None] | None = None
        self._is_done = False
        self.is_ending = False

    @property
    def granted_pod(self) -> Pod:
        """The pod with the resources that it has been granted, which may not be those it asks for."""
        return with_resources(self.pod, self._memory.sizes.granted or {})

    @property
    def last_runtime(self) -> PodRuntime:
        """What the runtime held of the pod at the last look."""
        return self._memory.seen

    def update(self, pod: Pod | None) -> None:
        """Hear of the pod's new state in the API, None when it is gone."""
        if pod is None:
            self.is_gone = True
        elif not self._take(pod) and not self._must_end():
            return  # the echo of our own status: nothing to do
        if self._must_end() and self._pass is not None:
            self._pass.cancel()
        self._changed.set()

    def _take(self, pod: Pod) -> bool:
        """Go on with the pod's new state; says whether more than its status has changed."""
        before, self.pod = self.pod, pod
        if grace_seconds(pod) < grace_seconds(before) and self._stop is not None:
            self._stop.cancel()  # stop again, with less patience
        old, new = before.metadata, pod.metadata
        if old.labels != new.labels or old.annotations != new.annotations:
            self._memory.is_stale = True
            return True
        return (
            before.spec != pod.spec
            or old.deletion_timestamp != new.deletion_timestamp
            or old.deletion_grace_period_seconds != new.deletion_grace_period_seconds
            or foreign_conditions(before) != foreign_conditions(pod)
        )

    def wake(self) -> None:
        """Something happened to the pod's containers."""
        self._changed.set()

    def refresh(self) -> None:
        """Something that the pod's volumes are made of has changed."""
        self._memory.is_stale = True
        self._changed.set()

    def end(self, verdict: Verdict) -> None:
        """The node itself ends the pod: evicted, or out of time."""
        if self._memory.verdict is None:
            self._memory.verdict = verdict
        if self._pass is not None:
            self._pass.cancel()
        self._changed.set()

    async def run(self) -> None:
        """Return when nothing of the pod is left on this node."""
        try:
            while not self._must_end():
                self._changed.clear()
                await self._rest_until(await self._sync())
            self.is_ending = True
            await self._end()
        finally:
            await self._tasks.close()

    def _must_end(self) -> bool:
        return (
            self._is_done
            or self.is_gone
            or self._memory.verdict is not None
            or self.pod.metadata.deletion_timestamp is not None
            or self.pod.status.phase in TERMINAL
        )

    async def _sync(self) -> float | None:
        """One pass, which ends early when the pod is to end; returns when to look again."""
        if (deadline := self._deadline()) is not None and deadline <= self._services.clock.time():
            message = "Pod was active on the node longer than the specified deadline"
            self._services.tell(self.pod, "Normal", "DeadlineExceeded", message)
            self._memory.verdict = Verdict("Failed", "DeadlineExceeded", message)
            return None
        self._pass = self._tasks.spawn(self._guarded_pass())
        try:
            await asyncio.wait({self._pass})
            if self._pass.cancelled() or self._pass.exception() is not None:
                return None if self._must_end() else self._services.clock.time() + _RETRY_SECONDS
            self._is_done, look_at = self._pass.result()
        finally:
            self._pass = None
        return min((each for each in (look_at, self._deadline()) if each is not None), default=None)

    async def _guarded_pass(self) -> tuple[bool, float | None]:
        try:
            return await self._syncing.sync(self.pod)
        except SyncFailure as failure:
            log.info("pod %s/%s: %s", self.pod.metadata.namespace, self.pod.metadata.name, failure)
        except RuntimeFailure as failure:
            log.warning("pod %s/%s: %s", self.pod.metadata.namespace, self.pod.metadata.name, failure)
        return False, self._syncing.retry_at()

    def _deadline(self) -> float | None:
        seconds = self.pod.spec.active_deadline_seconds
        started = self._services.writer.current(self.pod).get("startTime")
        return None if seconds is None or started is None else parse_time(started) + seconds

    async def _rest_until(self, moment: float | None) -> None:
        """Sleep until something happens, or the moment has come."""
        if self._must_end():
            return
        timer: Timer | None = None
        if moment is not None:
            renew_at = self._memory.mounted.renew_at if self._memory.mounted else None
            if renew_at is not None and moment >= renew_at:
                self._memory.is_stale = True
            delay = max(0.0, moment - self._services.clock.time())
            timer = self._services.clock.call_later(delay + 0.001, self._changed.set)
        try:
            await self._changed.wait()
        finally:
            if timer is not None:
                timer.cancel()

    async def _end(self) -> None:
        await self._until_done(self._stop_all, "stopping")
        while self.pod.metadata.deletion_timestamp is None and not self.is_gone:
            self._changed.clear()
            await self._changed.wait()
        await self._until_done(self._remove, "removing")

    async def _until_done(self, work: Callable[[], Awaitable[bool]], what: str) -> None:
        """Try again and again: a pod whose end is given up would stay Terminating until the agent is restarted."""
        while True:
            meta = self.pod.metadata
            try:
                if await work():
                    return
            except (RuntimeFailure, VolumeError, StillMounted, OSError) as failure:
                log.warning("%s pod %s/%s: %s", what, meta.namespace, meta.name, failure)
            except Exception:
                log.exception("%s pod %s/%s", what, meta.namespace, meta.name)
            await self._services.clock.sleep(_RETRY_SECONDS)

    async def _stop_all(self) -> bool:
        """Stop everything, and let go of what the pod held; its ended containers stay for their logs."""
        services = self._services
        runtime = await self._syncing.look(self.pod)
        was_over = self.pod.status.phase in TERMINAL and not runtime.has_running
        while runtime.has_running:
            self._stop = self._tasks.spawn(self._stop_once(runtime))
            await asyncio.wait({self._stop})
            if not self._stop.cancelled() and (error := self._stop.exception()) is not None:
                raise error
            runtime = await self._syncing.look(self.pod)
            if not self.is_gone:
                self._syncing.report(self.pod, runtime)
        self._stop = None
        await stop_sandboxes(services, runtime)
        if not self.is_gone and not was_over:
            self._syncing.report(self.pod, await self._syncing.look(self.pod), ended=True)
        await services.volumes.take_down(self.pod.metadata.uid)
        services.objects.release(self.pod.metadata.uid)
        services.cgroups.remove(self.pod.metadata.uid)
        return True

    async def _stop_once(self, runtime: PodRuntime) -> None:
        if self.is_gone:
            await stop_orphan(self._services, runtime)
        else:
            await stop_containers(self._services, self.pod, runtime, grace_seconds(self.pod))

    async def _remove(self) -> bool:
        """Remove what is left of a deleted pod; True when nothing is."""
        services, uid = self._services, self.pod.metadata.uid
        await remove_all(services, await services.runtime.pod(uid))
        await services.volumes.take_down(uid)
        remove_tree(services.layout.pod(uid))
        shutil.rmtree(services.layout.log_folder(self.pod), ignore_errors=True)
        self._unlink_logs()
        services.cgroups.remove(uid)
        services.images.forget(uid)
        if not self.is_gone:
            await services.writer.flush(self.pod)
            if not await self._delete():
                return False
        services.writer.forget(uid)
        return True

    def _unlink_logs(self) -> None:
        meta = self.pod.metadata
        for link in self._services.layout.links.glob(f"{meta.name}_{meta.namespace}_*.log"):
            if link.is_symlink() and not link.exists():
                link.unlink(missing_ok=True)

    async def _delete(self) -> bool:
        """Tell the API that the pod may go for good."""
        meta = self.pod.metadata
        try:
            await self._client.delete(PODS, meta.name, meta.namespace, uid=meta.uid, grace_seconds=0)
        except NotFound:
            pass
        except (ApiError, OSError) as error:
            log.info("deleting pod %s/%s: %s", meta.namespace, meta.name, error)
            return self.is_gone
        return True
