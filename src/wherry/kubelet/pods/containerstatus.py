"""What users see of each container: waiting, running or terminated, with upstream's reasons. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from wherry.api import Obj
from wherry.api.types.core_v1 import Container as ContainerSpec
from wherry.api.types.core_v1 import EphemeralContainer, Pod, ResourceRequirements
from wherry.kubelet.pods.imagename import normalise
from wherry.kubelet.pods.names import HASH, container_hash
from wherry.kubelet.pods.restart import is_sidecar, should_restart
from wherry.kubelet.runtime.model import Container, ContainerState, PodRuntime
from wherry.lib.clock import format_time

AnyContainer = ContainerSpec | EphemeralContainer


class Waiting(Struct, frozen=True):
    """Why a container does not run: a reason in upstream's words, and a message for a person."""

    reason: str
    message: str = ""


class Report(Struct, frozen=True):
    """What a status is derived from, beside the pod and the runtime.

    Attributes:
        waiting: why containers wait, by name, where something has been tried and failed.
        messages: termination messages by container id.
        runtime_name: begins container IDs (`containerd://…`).
        old: the status as last reported.
        ended: the worker has stopped everything and will start nothing again.
    """

    waiting: Mapping[str, Waiting] = field(default_factory=dict)
    messages: Mapping[str, str] = field(default_factory=dict)
    started: frozenset[str] | None = None
    """Ids of running containers that have started; None when nothing probes, so that running means started."""
    unready: frozenset[str] = frozenset()
    """Ids of running containers whose readiness probe fails."""
    in_force: Mapping[str, ResourceRequirements] = field(default_factory=dict)
    """Resources that are in force, by container id, where they may not be those of the pod."""
    resize: tuple[Obj, ...] = ()
    """Conditions that speak of a resize."""
    runtime_name: str = "containerd"
    old: Obj = field(default_factory=dict)
    ended: bool = False


def container_statuses(pod: Pod, runtime: PodRuntime, report: Report) -> dict[str, list[Obj]]:
    """The three lists of statuses by their field names."""
    spec = pod.spec
    blank = "PodInitializing" if spec.init_containers else "ContainerCreating"
    apps_due = _has_initialized(pod, runtime)
    inits_due = _begun_inits(pod, runtime)
    apps = [
        _status(pod, each, runtime, report, _Place("containerStatuses", blank, apps_due)) for each in spec.containers
    ]
    inits = [
        _status(pod, each, runtime, report, _Place("initContainerStatuses", "PodInitializing", number < inits_due))
        for number, each in enumerate(spec.init_containers)
    ]
    ephemeral = [
        _status(pod, each, runtime, report, _Place("ephemeralContainerStatuses", "ContainerCreating", is_due=True))
        for each in spec.ephemeral_containers
    ]
    for container, status in zip(spec.init_containers, inits, strict=True):
        if not is_sidecar(container):
            ended = status["state"].get("terminated")
            status["ready"] = ended is not None and ended.get("exitCode", 0) == 0
            status["started"] = status["started"] and "running" in status["state"]
    for status in ephemeral:
        status["ready"] = False
        status.pop("started", None)
    found = {
        "initContainerStatuses": inits,
        "containerStatuses": sorted(apps, key=lambda status: str(status["name"])),
        "ephemeralContainerStatuses": ephemeral,
    }
    return {name: statuses for name, statuses in found.items() if statuses}


class _Place(Struct, frozen=True):
    """Where a container stands in its pod.

    Attributes:
        blank: why it waits while nothing else is known.
        is_due: its turn has come, so that when all has ended nobody can know what became of it; what never had its
            turn simply never ran.
    """

    list_name: str
    blank: str
    is_due: bool


def _begun_inits(pod: Pod, runtime: PodRuntime) -> int:
    """How many init containers have had their turn; the first always has."""
    begun = [number for number, each in enumerate(pod.spec.init_containers, 1) if runtime.latest(each.name)]
    return max(begun, default=1)


def _has_initialized(pod: Pod, runtime: PodRuntime) -> bool:
    """Whether the turn of the app containers has come."""
    inits = pod.spec.init_containers
    if not inits or any(runtime.latest(each.name) for each in pod.spec.containers):
        return True
    last = runtime.latest(inits[-1].name)
    return last is not None and (is_sidecar(inits[-1]) or (last.is_exited and last.exit_code == 0))


def _status(pod: Pod, container: AnyContainer, runtime: PodRuntime, report: Report, place: _Place) -> Obj:
    old = _find(report.old.get(place.list_name, ()), container.name)
    latest = runtime.latest(container.name)
    if latest is None:
        status = _absent(pod, container, old, report, place)
    else:
        status = _present(container, latest, runtime.previous(container.name), old, report)
    waiting = report.waiting.get(container.name)
    if waiting is not None and _is_to_start(pod, container, latest) and not report.ended:
        _make_waiting(status, waiting)
    _set_flags(status, latest, report)
    return status


def _is_to_start(pod: Pod, container: AnyContainer, latest: Container | None) -> bool:
    if latest is None or isinstance(container, EphemeralContainer):
        return latest is None or latest.state is not ContainerState.RUNNING
    return should_restart(pod, container, latest)


def _make_waiting(status: Obj, waiting: Waiting) -> None:
    if "terminated" in status["state"]:
        status["lastState"] = status["state"]
    state: Obj = {"reason": waiting.reason}
    if waiting.message:
        state["message"] = waiting.message
    status["state"] = {"waiting": state}


def _absent(pod: Pod, container: AnyContainer, old: Obj | None, report: Report, place: _Place) -> Obj:
    """The runtime has nothing of it: it has not been made yet, or it is lost."""
    status: Obj = {
        "name": container.name,
        "image": container.image or "",
        "imageID": "",
        "state": {"waiting": {"reason": place.blank}},
        "lastState": {},
        "restartCount": old.get("restartCount", 0) if old else 0,
    }
    if old is None:
        return status
    before = old.get("state", {})
    if "terminated" in before:
        return {**status, **{key: old[key] for key in _KEPT if key in old}}
    if "running" in before:
        lost = _lost(
            old, "pod was terminated" if report.ended else "pod was deleted.  The container used to be Running"
        )
        if report.ended or pod.metadata.deletion_timestamp is not None:
            return {**status, "state": {"terminated": lost}, "imageID": old.get("imageID", "")}
        status["lastState"] = {"terminated": lost}
        status["restartCount"] += 1
    elif old.get("lastState"):
        status["lastState"] = old["lastState"]
    if report.ended and place.is_due:
        status["state"] = {"terminated": _lost(old, "pod was terminated")}
    return status


_KEPT = ("state", "lastState", "restartCount", "imageID", "containerID", "image", "resources", "allocatedResources")


def _lost(old: Obj, when: str) -> Obj:
    lost: Obj = {
        "exitCode": 137,
        "reason": "ContainerStatusUnknown",
        "message": f"The container could not be located when the {when}",
        "startedAt": None,
        "finishedAt": None,
    }
    if container_id := old.get("containerID"):
        lost["containerID"] = container_id
    return lost


def _present(
    container: AnyContainer, latest: Container, previous: Container | None, old: Obj | None, report: Report
) -> Obj:
    status: Obj = {
        "name": container.name,
        "image": _image(container, latest),
        "imageID": latest.image_ref,
        "containerID": f"{report.runtime_name}://{latest.id}",
        "restartCount": latest.attempt,
        "state": _state(latest, report),
        "lastState": {},
    }
    if previous is not None and previous.is_exited:
        status["lastState"] = {"terminated": _terminated(previous, report)}
    elif latest.attempt and old is not None and old.get("lastState"):
        status["lastState"] = old["lastState"]
    if isinstance(container, ContainerSpec):
        status.update(_resources(container, report.in_force.get(latest.id) or container.resources))
    if mounts := [_mount(each) for each in container.volume_mounts]:
        status["volumeMounts"] = mounts
    return status


def _image(container: AnyContainer, latest: Container) -> str:
    """The image by the name it was asked for; containerd below 1.7 tells whichever of its names comes first."""
    if isinstance(container, ContainerSpec) and latest.annotations.get(HASH) == container_hash(container):
        return normalise(container.image or "")
    return latest.image or container.image or ""


def _state(container: Container, report: Report) -> Obj:
    match container.state:
        case ContainerState.RUNNING:
            return {"running": {"startedAt": format_time(container.started_at / 1e9)}}
        case ContainerState.EXITED:
            return {"terminated": _terminated(container, report)}
        case ContainerState.CREATED:
            return {"waiting": {}}
        case ContainerState.UNKNOWN:
            return {"waiting": {"reason": "ContainerStatusUnknown"}}


def _terminated(container: Container, report: Report) -> Obj:
    terminated: Obj = {
        "exitCode": container.exit_code,
        "reason": container.reason or ("Completed" if container.exit_code == 0 else "Error"),
        "startedAt": format_time(container.started_at / 1e9) if container.started_at > 0 else None,
        "finishedAt": format_time(container.finished_at / 1e9) if container.finished_at > 0 else None,
        "containerID": f"{report.runtime_name}://{container.id}",
    }
    if message := report.messages.get(container.id) or container.message:
        terminated["message"] = message
    return terminated


def _set_flags(status: Obj, latest: Container | None, report: Report) -> None:
    is_running = "running" in status["state"] and latest is not None
    status["started"] = is_running and (report.started is None or (latest is not None and latest.id in report.started))
    status["ready"] = status["started"] and latest is not None and latest.id not in report.unready


def _resources(container: ContainerSpec, in_force: ResourceRequirements | None) -> Obj:
    """What is in force for the container, and what it has been granted; in-place resize is reported here."""
    if container.resources is None or in_force is None:
        return {}
    requests, limits = dict(in_force.requests), dict(in_force.limits)
    found: Obj = {"resources": {key: value for key, value in (("requests", requests), ("limits", limits)) if value}}
    if granted := dict(container.resources.requests):
        found["allocatedResources"] = granted
    return found


def _mount(mount: Any) -> Obj:
    status: Obj = {"name": mount.name, "mountPath": mount.mount_path}
    if mount.read_only:
        status["readOnly"] = True
        status["recursiveReadOnly"] = mount.recursive_read_only or "Disabled"
    return status


def _find(statuses: Sequence[Obj], name: str) -> Obj | None:
    return next((each for each in statuses if each.get("name") == name), None)
