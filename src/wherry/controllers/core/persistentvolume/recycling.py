"""Removes what is on a volume that is to be recycled, by a Pod, and gives the volume to whoever comes next.

The Pod's name tells for which volume it is, so that a restart finds it again. It is gone before the volume is given
away, for its success would otherwise be taken for that of the next one. What has failed is tried anew after two
minutes. (Upstream has deprecated all of this in favour of provisioning.)
"""

from __future__ import annotations

from collections.abc import Sequence

from wherry.api import Obj, errors
from wherry.api.core.pod import PODS
from wherry.api.core.volumematching import BOUND_BY_CONTROLLER, RECYCLER, claim_path
from wherry.api.types.core_v1 import PersistentVolume, Pod
from wherry.client import Key
from wherry.controllers.core.persistentvolume.indexes import BY_CLAIM
from wherry.controllers.core.persistentvolume.writing import set_volume_phase, unbind
from wherry.controllers.documents import plain
from wherry.controllers.ownership import key_of
from wherry.controllers.podstate import is_finished, phase
from wherry.reconcile.controller import DONE, Deps, Result

NAMESPACE = "default"
RETRY_SECONDS, LOOK_AGAIN_SECONDS = 120.0, 15.0
_SCRUB = 'test -e /scrub && find /scrub -mindepth 1 -delete && test -z "$(ls -A /scrub)" || exit 1'


def recycled_by(pod: Pod) -> str:
    """The volume that a Pod recycles; "" for all other Pods."""
    metadata = pod.metadata
    is_recycler = metadata.namespace == NAMESPACE and metadata.name.startswith(RECYCLER)
    return metadata.name[len(RECYCLER) :] if is_recycler else ""


def recycler(volume: PersistentVolume) -> Obj:
    """The Pod that removes everything on the volume."""
    source = {"hostPath": plain(volume.spec.host_path)} if volume.spec.host_path else {"nfs": plain(volume.spec.nfs)}
    container = {
        "name": "pv-recycler",
        "image": "busybox",
        "command": ["/bin/sh"],
        "args": ["-c", _SCRUB],
        "volumeMounts": [{"name": "vol", "mountPath": "/scrub"}],
    }
    spec = {
        "activeDeadlineSeconds": 60,
        "restartPolicy": "Never",
        "volumes": [{"name": "vol", **source}],
        "containers": [container],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": RECYCLER + volume.metadata.name}, "spec": spec}


async def recycle(volume: PersistentVolume, deps: Deps) -> Result:
    """The next step for a volume that is released."""
    pod: Pod | None = deps.state.pods.get(Key(NAMESPACE, RECYCLER + volume.metadata.name))
    if pod is None:
        return await _begin(volume, deps)
    if not is_finished(pod):
        return DONE  # its end will be heard of
    has_succeeded = phase(pod) == "Succeeded"
    if not has_succeeded:
        await _fail(volume, pod.status.message or "pod failed, pod.Status.Message unknown", deps)
    try:
        await deps.client.delete(PODS, pod.metadata.name, NAMESPACE, uid=pod.metadata.uid)
    except errors.NotFound:
        pass
    if has_succeeded:
        await _give_back(volume, deps)
    return DONE


async def _give_back(volume: PersistentVolume, deps: Deps) -> None:
    deps.state.failures.pop(volume.metadata.name, None)
    await unbind(deps.client, volume, drops_reservation=BOUND_BY_CONTROLLER in volume.metadata.annotations)
    deps.events.event(volume, "Normal", "VolumeRecycled", "Volume recycled")


async def _begin(volume: PersistentVolume, deps: Deps) -> Result:
    if (left := _last_failure(volume, deps) + RETRY_SECONDS - deps.clock.time()) > 0:
        return Result(left)
    if users := _users(volume, deps):
        message = f"Volume is used by pods: {','.join(users)}"
        deps.events.event(volume, "Normal", "VolumeFailedRecycle", message)
        return Result(LOOK_AGAIN_SECONDS)
    try:
        await deps.client.create(PODS, recycler(volume), NAMESPACE)
    except errors.AlreadyExists:
        return DONE  # our own, not yet heard of
    except errors.ApiError as error:
        await _fail(volume, f"unexpected error creating recycler pod:  {error.message}", deps)
        return Result(RETRY_SECONDS)
    return DONE


def _last_failure(volume: PersistentVolume, deps: Deps) -> float:
    """When; a restarted controller knows no more than when the volume first failed."""
    first = volume.status.last_phase_transition_time if volume.status.phase == "Failed" else None
    if first is None:
        return float("-inf")
    moment: float = deps.state.failures.get(volume.metadata.name, first.timestamp())
    return moment


async def _fail(volume: PersistentVolume, why: str, deps: Deps) -> None:
    message = f"Recycle failed: {why}"
    deps.state.failures[volume.metadata.name] = deps.clock.time()
    if volume.status.phase != "Failed":
        await set_volume_phase(deps.client, volume, "Failed", message)
    deps.events.event(volume, "Warning", "VolumeFailedRecycle", message)


def _users(volume: PersistentVolume, deps: Deps) -> Sequence[str]:
    """Pods that still use the claim that is gone."""
    pods = [pod for path in claim_path(volume) for pod in deps.state.pods.by_index(BY_CLAIM, path)]
    return sorted(str(key_of(pod.metadata)) for pod in pods if not is_finished(pod))
