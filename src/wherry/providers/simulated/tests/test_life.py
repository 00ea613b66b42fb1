"""A Pod's life, moment by moment, as its status and Events tell it."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.types.core_v1 import Pod
from wherry.api.types.decoding import convert
from wherry.providers.simulated.behaviour import Behaviour, ContainerBehaviour
from wherry.providers.simulated.life import Life
from wherry.providers.simulated.tests.cluster import condition, state

BEGIN = 1_700_000_000.0
MAIN: Obj = {"name": "main", "image": "busybox:1"}


class Images:
    def __init__(self) -> None:
        self.names: dict[str, int] = {}

    def has(self, image: str) -> bool:
        return image in self.names

    def add(self, image: str, size: int) -> None:
        self.names[image] = size


class Story:
    """One Pod and its life; `to` lets time pass and shows the Pod then."""

    def __init__(self, behaviour: Behaviour | None = None, **spec: Any) -> None:
        meta = {"name": "web", "namespace": "default", "uid": "u1", "generation": 1}
        self.obj: Obj = {"metadata": meta, "spec": {"containers": [MAIN], "nodeName": "n", **spec}, "status": {}}
        self.life = Life(self.pod, behaviour or Behaviour(), "10.0.0.2", Images(), BEGIN)
        self.told: list[tuple[str, str]] = []

    @property
    def pod(self) -> Pod:
        return convert(Pod, self.obj)

    def to(self, seconds: float) -> Obj:
        self.life.advance(self.pod, BEGIN + seconds)
        self.told += [(each.reason, each.message) for each in self.life.told]
        self.life.told.clear()
        self.obj["status"] = self.life.status(self.pod, self.obj["status"], ("172.16.0.1",))
        return self.obj

    def delete(self, at: float, grace: int = 30) -> None:
        self.obj["metadata"] |= {"deletionTimestamp": "2023-11-14T22:30:00Z", "deletionGracePeriodSeconds": grace}
        self.to(at)

    @property
    def reasons(self) -> list[str]:
        return [reason for reason, _ in self.told]


def fares(**fields: Any) -> Behaviour:
    return Behaviour(default=ContainerBehaviour(**fields))


def test_it_runs_at_once_with_what_a_kubelet_reports() -> None:
    story = Story()
    status = story.to(0)["status"]
    assert (status["phase"], status["podIP"], status["hostIP"]) == ("Running", "10.0.0.2", "172.16.0.1")
    container = status["containerStatuses"][0]
    assert container["imageID"].startswith("docker.io/library/busybox@sha256:")
    assert container["containerID"].startswith("simulated://")
    assert (container["ready"], container["started"], container["restartCount"]) == (True, True, 0)
    assert story.reasons == ["Pulled", "Created", "Started"]
    assert story.life.next_due(story.pod) is None


def test_delays_of_start_pull_and_readiness() -> None:
    story = Story(Behaviour(start_seconds=1, default=ContainerBehaviour(pull_seconds=2, ready_after=3, image_bytes=77)))
    assert state(story.to(0.5)) == {"waiting": {"reason": "ContainerCreating"}}
    assert condition(story.obj, "PodReadyToStartContainers") == "False"
    assert state(story.to(1.5)) == {"waiting": {"reason": "ContainerCreating"}}
    assert condition(story.obj, "PodReadyToStartContainers") == "True"
    assert "running" in state(story.to(3))
    assert condition(story.obj, "Ready") == "False"
    assert condition(story.to(6), "Ready") == "True"
    assert story.told[:2] == [
        ("Pulling", 'Pulling image "busybox:1"'),
        ("Pulled", 'Successfully pulled image "busybox:1" in 2s (2s including waiting). Image size: 77 bytes.'),
    ]


def test_a_crash_loop_backs_off_as_a_kubelet_does() -> None:
    story = Story(fares(run_seconds=(1.0,), exit_codes=(3,)))
    story.to(0)
    assert "running" in state(story.to(1)), "the first restart is at once"
    waiting = state(story.to(2))["waiting"]
    assert waiting["reason"] == "CrashLoopBackOff"
    assert waiting["message"] == "back-off 10s restarting failed container=main pod=web_default(u1)"
    last = story.obj["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (3, "Error")
    assert "running" in state(story.to(12))
    assert state(story.to(13))["waiting"]["message"].startswith("back-off 20s")
    assert story.to(3600)["status"]["containerStatuses"][0]["restartCount"] == 16
    assert story.obj["status"]["phase"] == "Running"
    assert "back-off 5m0s" in state(story.obj)["waiting"]["message"]
    assert story.reasons.count("BackOff") == 16


def test_who_looks_late_finds_what_has_happened_meanwhile() -> None:
    late, watched = Story(fares(run_seconds=(1.0,))), Story(fares(run_seconds=(1.0,)))
    for second in range(601):
        watched.to(second)
    late.to(0)
    assert late.to(600)["status"] == watched.obj["status"]
    assert late.told == watched.told


@pytest.mark.parametrize(
    ("policy", "codes", "phase", "restarts"),
    [
        ("Never", (0,), "Succeeded", 0),
        ("Never", (1,), "Failed", 0),
        ("OnFailure", (1, 0), "Succeeded", 1),
        ("OnFailure", (0,), "Succeeded", 0),
    ],
)
def test_a_pod_that_comes_to_its_end(policy: str, codes: tuple[int, ...], phase: str, restarts: int) -> None:
    story = Story(fares(run_seconds=(1.0,), exit_codes=codes), restartPolicy=policy)
    story.to(0)
    status = story.to(100)["status"]
    assert status["phase"] == phase
    assert status["containerStatuses"][0]["restartCount"] == restarts
    assert story.life.next_due(story.pod) is None
    wanted = "PodCompleted" if phase == "Succeeded" else "PodFailed"
    assert next(each for each in status["conditions"] if each["type"] == "Ready")["reason"] == wanted


def test_init_containers_run_in_order_and_sidecars_stay() -> None:
    inits = [
        {"name": "first", "image": "i"},
        {"name": "side", "image": "s", "restartPolicy": "Always"},
        {"name": "last", "image": "i"},
    ]
    brief = ContainerBehaviour(run_seconds=(2.0,))
    behaviour = Behaviour(containers={"first": brief, "last": brief, "side": ContainerBehaviour(started_after=1.0)})
    story = Story(behaviour, initContainers=inits)
    story.to(1)
    assert "running" in state(story.obj, "first")
    assert state(story.obj) == {"waiting": {"reason": "PodInitializing"}}
    story.to(2.5)
    assert state(story.obj, "first")["terminated"]["reason"] == "Completed"
    assert "running" in state(story.obj, "side")
    assert "waiting" in state(story.obj, "last")
    story.to(3.5)
    assert "running" in state(story.obj, "last")
    status = story.to(5)["status"]
    assert status["phase"] == "Running"
    assert "running" in state(story.obj, "side")
    assert condition(story.obj, "Ready") == "True"


def test_an_init_container_that_fails_ends_a_pod_that_is_never_restarted() -> None:
    behaviour = Behaviour(containers={"first": ContainerBehaviour(run_seconds=(1.0,), exit_codes=(1,))})
    story = Story(behaviour, restartPolicy="Never", initContainers=[{"name": "first", "image": "i"}])
    story.to(0)
    assert story.to(1)["status"]["phase"] == "Failed"
    assert story.life.ended


def test_an_image_that_cannot_be_pulled() -> None:
    story = Story(fares(pull_error="not found"))
    waiting = state(story.to(0))["waiting"]
    assert waiting == {"reason": "ErrImagePull", "message": 'failed to pull image "busybox:1": not found'}
    waiting = state(story.to(6))["waiting"]
    assert waiting["reason"] == "ImagePullBackOff"
    assert waiting["message"].startswith('Back-off pulling image "busybox:1": ErrImagePull: failed to pull')
    assert state(story.to(11))["waiting"]["reason"] == "ErrImagePull"
    assert story.obj["status"]["phase"] == "Pending"
    assert story.reasons[:5] == ["Pulling", "Failed", "Failed", "BackOff", "Failed"]
    assert ("Failed", "Error: ImagePullBackOff") in story.told


def test_a_liveness_probe_that_fails_starts_the_container_anew() -> None:
    story = Story(fares(alive_seconds=60.0))
    story.to(0)
    status = story.to(61)["status"]["containerStatuses"][0]
    assert status["restartCount"] == 1
    assert status["lastState"]["terminated"]["exitCode"] == 137
    assert ("Killing", "Container main failed liveness probe, will be restarted") in story.told


def test_readiness_comes_with_the_probes_first_look_and_may_go() -> None:
    probed = {**MAIN, "readinessProbe": {"httpGet": {"port": 80}, "initialDelaySeconds": 5}}
    story = Story(fares(ready_until=60.0), containers=[probed])
    assert condition(story.to(4), "Ready") == "False"
    assert condition(story.to(5), "Ready") == "True"
    assert condition(story.to(60), "Ready") == "False"


@pytest.mark.parametrize(
    ("stop", "grace", "at", "code"), [(3.0, 30, 3.0, 9), (60.0, 30, 30.0, 137), (0.0, 30, 0.0, 9), (5.0, 0, 0.0, 137)]
)
def test_a_deleted_pod_ends_within_its_grace(stop: float, grace: int, at: float, code: int) -> None:
    story = Story(fares(stop_seconds=stop, stop_code=9))
    story.to(10)
    story.delete(20, grace)
    assert story.told[-1] == ("Killing", "Stopping container main")
    if at:
        assert "running" in state(story.to(20 + at - 0.5))
    assert state(story.to(20 + at))["terminated"]["exitCode"] == code
    assert story.obj["status"]["phase"] == "Failed"
    assert story.life.ended


def test_less_grace_later_ends_it_sooner() -> None:
    story = Story(fares(stop_seconds=60.0))
    story.to(0)
    story.delete(10)
    story.obj["metadata"]["deletionGracePeriodSeconds"] = 5
    story.to(12)
    assert "running" in state(story.obj)
    assert state(story.to(15))["terminated"]["exitCode"] == 137


def test_sidecars_end_after_the_others_the_last_first() -> None:
    inits = [{"name": name, "image": "s", "restartPolicy": "Always"} for name in ("one", "two")]
    story = Story(fares(stop_seconds=4.0), initContainers=inits)
    story.to(0)
    story.delete(100, 10)
    ends: dict[str, tuple[float, int]] = {}
    for tenth in range(120):
        story.to(100 + tenth / 10)
        for name in ("main", "one", "two"):
            if "terminated" in state(story.obj, name):
                ends.setdefault(name, (tenth / 10, state(story.obj, name)["terminated"]["exitCode"]))
    assert ends == {"main": (4.0, 0), "two": (8.0, 0), "one": (10.0, 137)}


def test_a_pod_past_its_deadline_fails() -> None:
    story = Story(activeDeadlineSeconds=60)
    story.to(0)
    status = story.to(60)["status"]
    assert (status["phase"], status["reason"]) == ("Failed", "DeadlineExceeded")
    assert ("DeadlineExceeded", "Pod was active on the node longer than the specified deadline") in story.told


def test_a_reboot_restarts_what_may_be() -> None:
    kept, lost = Story(), Story(restartPolicy="Never")
    for story in (kept, lost):
        story.to(0)
        story.life.reboot(BEGIN + 100)
        story.to(100)
    status = kept.obj["status"]["containerStatuses"][0]
    assert (status["restartCount"], status["lastState"]["terminated"]["exitCode"]) == (1, 255)
    assert "SandboxChanged" in kept.reasons
    assert lost.obj["status"]["phase"] == "Failed"
