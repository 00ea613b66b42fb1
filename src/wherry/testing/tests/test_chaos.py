"""Whatever goes wrong on the way, the cluster comes to the same end.

The same work is done without faults and with them, and what the objects say in the end is compared, but for names,
times and addresses. Safety is stated apart: at no write may anything be broken that is promised always.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.errors import ApiError
from wherry.testing import Cluster
from wherry.testing.cluster.options import Snapshot
from wherry.testing.history import Entries, Entry, History
from wherry.testing.shape import shape, shape_difference

KINDS = (
    "deployments",
    "replicasets",
    "statefulsets",
    "jobs",
    "pods",
    "services",
    "endpoints",
    "endpointslices",
    "poddisruptionbudgets",
)
HOW_OFTEN = ("restartCount", "resourceClaimStatuses", "endpoints.kubernetes.io/last-change-trigger-time")
"""What tells of the way and not of the end."""


def template(name: str, image: str = "example.test/app:1", **spec: Any) -> Obj:
    return {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "main", "image": image}], "terminationGracePeriodSeconds": 1, **spec},
    }


def workload(name: str, kind: str, replicas: int, **spec: Any) -> Obj:
    selector = {"matchLabels": {"app": name}}
    body = {"replicas": replicas, "selector": selector, "template": template(name), **spec}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": body}


JOB = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "sum"},
    "spec": {"completions": 4, "parallelism": 2, "template": template("sum", restartPolicy="Never")},
}
BUDGET: dict[str, Any] = {
    "apiVersion": "policy/v1",
    "kind": "PodDisruptionBudget",
    "metadata": {"name": "web"},
    "spec": {"selector": {"matchLabels": {"app": "web"}}, "minAvailable": 2},
}


def service(name: str) -> Obj:
    spec = {"selector": {"app": name}, "ports": [{"port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def begin(c: Cluster) -> None:
    c.apply([workload("web", "Deployment", 4), workload("db", "StatefulSet", 2, serviceName="db"), JOB])
    c.apply([service("web"), service("db"), BUDGET])


def scale(c: Cluster) -> None:
    c.apply([workload("web", "Deployment", 6), workload("db", "StatefulSet", 3, serviceName="db")])


def roll(c: Cluster) -> None:
    new = template("web", "example.test/app:2")
    c.apply(workload("web", "Deployment", 6, template=new))


STEPS: tuple[Callable[[Cluster], None], ...] = (begin, scale, roll)


def end(c: Cluster) -> dict[str, list[Any]]:
    """What there is when everything has had the time to come to rest."""
    c.clock.advance(minutes=30)
    api = c.client()
    return shape([obj for kind in KINDS for obj in api.list(kind)], drop=HOW_OFTEN)


def run(c: Cluster, steps: Sequence[Callable[[Cluster], None]] = STEPS) -> dict[str, list[Any]]:
    for step in steps:
        step(c)
        c.clock.advance(seconds=20)
    return end(c)


@pytest.fixture(scope="module")
def expected() -> dict[str, list[Any]]:
    with Cluster(nodes=3, clock="manual") as c:
        found = run(c)
    running = [pod for pod in found["Pod"] if pod["status"]["phase"] == "Running"]
    assert len(running) == 9
    return found


def errors_everywhere(c: Cluster, stack: ExitStack) -> None:
    """One in some requests of everybody but the test fails, in one of several ways."""
    for verb, ways in (
        ("create", (c.faults.fail_next, c.faults.throttle_next)),
        ("patch", (c.faults.conflict_next, c.faults.fail_next)),
        ("update", (c.faults.conflict_next,)),
        ("delete", (c.faults.conflict_next, c.faults.fail_next)),
    ):
        for way in ways:
            for manager in ("kube-controller-manager", "kube-scheduler", "kubelet"):
                stack.enter_context(way(verb, "*", times=3, manager=manager))


def replies_lost(c: Cluster, stack: ExitStack) -> None:
    for verb in ("create", "patch", "delete"):
        stack.enter_context(c.faults.lose_reply(verb, "*", times=4, manager="kube-controller-manager"))
    stack.enter_context(c.faults.lose_reply("create", "pods/binding", times=3, manager="kube-scheduler"))


def everything_slow(c: Cluster, stack: ExitStack) -> None:
    stack.enter_context(c.slow("patch", ["pods/status", "deployments/status"], seconds=0.7, times=20))
    stack.enter_context(c.slow("create", "pods", seconds=1.3, times=10, manager="kube-controller-manager"))


def watches_dropped(c: Cluster, stack: ExitStack) -> None:
    c.faults.drop_watches()
    c.faults.expire_watches()


TROUBLES = (errors_everywhere, replies_lost, everything_slow, watches_dropped)


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.__name__)
def test_faults_of_one_kind_at_every_step(
    trouble: Callable[[Cluster, ExitStack], None], expected: dict[str, list[Any]]
) -> None:
    with Cluster(nodes=3, clock="manual") as c:
        for step in STEPS:
            with ExitStack() as stack:
                trouble(c, stack)
                with_patience(c, step)
                c.clock.advance(seconds=60)
        assert shape_difference(expected, end(c)) == ""
        assert_safe(c.history())


def test_restarts_at_every_step(expected: dict[str, list[Any]]) -> None:
    with Cluster(nodes=3, clock="manual") as c:
        for step in STEPS:
            c.restart()
            step(c)
            c.restart()
            c.clock.advance(seconds=20)
            c.restart()
        assert shape_difference(expected, end(c)) == ""
        assert_safe(c.history())


def test_nodes_fail_and_come_back_at_every_step(expected: dict[str, list[Any]]) -> None:
    with Cluster(nodes=3, clock="manual") as c:
        for number, step in enumerate(STEPS):
            step(c)
            node = f"node-{number + 1}"
            (c.partition if number % 2 else c.fail_node)(node)
            c.clock.advance(minutes=10)
            c.recover_node(node)
            c.clock.advance(minutes=2)
        assert settled_pods(end(c)) == settled_pods(expected)
        assert_safe(c.history())


@pytest.mark.parametrize("seed", range(3))
def test_all_of_it_at_once_by_chance(seed: int, expected: dict[str, list[Any]]) -> None:
    chance = random.Random(seed)
    with Cluster(nodes=4, clock="manual", seed=seed) as c:
        for step in STEPS:
            with ExitStack() as stack:
                for trouble in chance.sample(TROUBLES, 2):
                    trouble(c, stack)
                with_patience(c, step)
                c.clock.advance(seconds=chance.choice((0, 1, 30)))
                if chance.random() < 0.7:
                    c.restart()
                c.clock.advance(seconds=90)
        assert shape_difference(expected, end(c)) == ""
        assert_safe(c.history())


class Moments(History):
    """Also keeps the cluster as it was stored after every so many writes: where a process may be killed."""

    def __init__(self, core: Any, every: int) -> None:
        super().__init__(core.faults.clock)
        self._core, self._every, self._count = core, every, 0
        self.step = -1
        self.kept: list[tuple[int, Snapshot]] = []

    def ordered(self, *args: Any) -> None:
        super().ordered(*args)
        self._count += 1
        if self.step >= 0 and self._count % self._every == 0:
            args[-1].add_done_callback(self._keep)

    def _keep(self, _: Any) -> None:
        parts = self._core._parts
        now, chance = parts.clock.time(), parts.chance.getstate()
        snapshot = Snapshot(self._core.options, parts.store.snapshot(), now, parts.nodes.state(), chance)
        self.kept.append((self.step, snapshot))


def test_killed_after_any_write(expected: dict[str, list[Any]]) -> None:
    c = Cluster(nodes=3, clock="manual")
    core: Any = c._core
    core.history = moments = Moments(core, every=41)
    with c:
        for moments.step, step in enumerate(STEPS):
            step(c)
            c.clock.advance(seconds=20)
        kept = list(moments.kept)
        assert len(kept) > 5
        for begun, snapshot in kept:
            with c.fork(snapshot) as d:
                assert shape_difference(expected, run(d, STEPS[begun:])) == ""
                assert_safe(d.history())


def test_equal_seeds_write_equal_histories_in_trouble_too() -> None:
    def once() -> str:
        with Cluster(nodes=3, clock="manual", seed=5) as c:
            for step, trouble in zip(STEPS, TROUBLES, strict=False):
                with ExitStack() as stack:
                    trouble(c, stack)
                    with_patience(c, step)
                    c.clock.advance(seconds=45)
            return str(c.history())

    assert once() == once()


def test_other_seeds_come_to_the_same_end(expected: dict[str, list[Any]]) -> None:
    with Cluster(nodes=3, clock="manual", seed=99) as c:
        assert shape_difference(expected, run(c)) == ""


@pytest.mark.parametrize("trouble", [errors_everywhere, replies_lost, everything_slow], ids=lambda each: each.__name__)
def test_a_namespace_goes_with_all_that_is_in_it(trouble: Callable[[Cluster, ExitStack], None]) -> None:
    with Cluster(nodes=3, clock="manual") as c:
        api = c.client("doomed")
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "doomed"}})
        c.apply([workload("web", "Deployment", 4), service("web"), JOB, BUDGET], namespace="doomed")
        c.clock.advance(seconds=20)
        with ExitStack() as stack:
            trouble(c, stack)
            api.delete("namespace/doomed")
            c.restart()
            c.clock.advance(seconds=30)
            c.restart()
            c.wait("namespace/doomed", "delete", timeout=300)
        assert [kind for kind in KINDS if api.list(kind)] == []
        left = [entry for entry in c.history(namespace="doomed") if entry.new is not None]
        gone = {(entry.kind, entry.name) for entry in c.history(namespace="doomed") if entry.new is None}
        assert {(entry.kind, entry.name) for entry in left if entry.kind != "Event"} <= gone


def test_drains_in_trouble_never_break_a_budget() -> None:
    least = 4
    budget = {**BUDGET, "spec": {**BUDGET["spec"], "minAvailable": least}}
    with Cluster(nodes=4, clock="manual") as c:
        c.apply([workload("web", "Deployment", 6), budget])
        c.clock.advance(seconds=20)
        began = c.history()[-1].revision
        for number in (1, 2, 3):
            with ExitStack() as stack:
                errors_everywhere(c, stack)
                replies_lost(c, stack)
                drain(c, f"node-{number}")
            c.restart()
            c.clock.advance(seconds=60)
        placed = Counter(pod["spec"]["nodeName"] for pod in c.client().list("pods"))
        assert placed == {"node-4": 6}
        evicted = assert_budget(c.history(), began, least)
        assert evicted >= 4


def drain(c: Cluster, node: str) -> None:
    """What `kubectl drain` does."""
    api = c.client()
    with_patience(c, lambda c: api.patch(f"node/{node}", {"spec": {"unschedulable": True}}))
    for _ in range(200):
        here = [pod["metadata"]["name"] for pod in api.list("pods") if pod["spec"].get("nodeName") == node]
        if not here:
            return
        for name in here:
            with suppress(ApiError):
                api.create_sub("pod", name, "eviction", {"metadata": {"name": name}})
        c.clock.advance(seconds=5)
    raise AssertionError(f"{node} is not empty")


def assert_budget(history: Entries, since: int, least: int) -> int:
    """After every eviction enough Pods are ready and stay; returns how many there were."""
    pods: dict[str, Obj] = {}
    evicted = 0
    for entry in history.where(kind="Pod"):
        if entry.after is None:
            pods.pop(entry.name, None)
        else:
            pods[entry.name] = entry.after
        if entry.verb == "create/eviction" and entry.revision > since and is_going(entry.after):
            evicted += not is_going(entry.before)
            well = [pod for pod in pods.values() if is_ready(pod) and not is_going(pod)]
            assert len(well) >= least, f"{len(well)} Pods are left after {entry}"
    return evicted


def is_going(pod: Obj | None) -> bool:
    return pod is None or "deletionTimestamp" in pod["metadata"]


def is_ready(pod: Obj) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def with_patience(c: Cluster, step: Callable[[Cluster], Any]) -> None:
    """Do what a person does who is told to try again."""
    for _ in range(20):
        try:
            step(c)
        except Exception:
            c.clock.advance(seconds=5)
        else:
            return
    raise AssertionError("the faults never ended")


def settled_pods(found: dict[str, list[Any]]) -> dict[str, Any]:
    """How many Pods of which kind run in the end, and what their owners say.

    Failed ones may be left of lost nodes, and those that had succeeded there were evicted like all others.
    """
    pods = Counter(
        (pod["metadata"]["labels"]["app"], pod["status"]["phase"])
        for pod in found["Pod"]
        if pod["status"]["phase"] not in ("Failed", "Succeeded")
    )
    jobs = [job["status"]["succeeded"] for job in found["Job"]]
    return {"pods": pods, "deployments": found["Deployment"], "slices": len(found["EndpointSlice"]), "jobs": jobs}


def assert_safe(history: Entries) -> None:
    """What may never happen, looked for at every write."""
    world: dict[tuple[str, str, str], Obj] = {}
    for entry in history:
        key = (entry.kind, entry.namespace, entry.name)
        before, after = world.get(key), entry.after
        if after is None:
            world.pop(key, None)
            continue
        world[key] = after
        if entry.kind == "Pod":
            assert_placed_once(before, after)
            if entry.before is None:
                assert_wanted(after, world.values(), entry)
        elif entry.kind == "ReplicaSet":
            wanted = sum(each["spec"]["replicas"] for each in world.values() if each["kind"] == "ReplicaSet")
            assert wanted <= 6 + 2, f"more than surge allows after {entry}"


def assert_placed_once(before: Obj | None, after: Obj) -> None:
    """A Pod never moves, and never comes back from its end."""
    if before is None or before["metadata"].get("uid") != after["metadata"].get("uid"):
        return
    node = before["spec"].get("nodeName")
    assert node in (None, after["spec"].get("nodeName"))
    phase = before.get("status", {}).get("phase")
    assert phase not in ("Succeeded", "Failed") or after["status"]["phase"] == phase


def assert_wanted(pod: Obj, world: Iterable[Obj], entry: Entry) -> None:
    """No owner makes more Pods than it is to have, whatever it has been told of those that it made."""
    [owner] = [reference["uid"] for reference in pod["metadata"]["ownerReferences"]]
    siblings = 0
    for obj in world:
        if obj["metadata"].get("uid") == owner:
            most = obj["spec"].get("replicas", obj["spec"].get("parallelism"))
            break
    else:
        return  # made before this history begins
    for obj in world:
        if obj["kind"] == "Pod" and obj["metadata"]["ownerReferences"][0]["uid"] == owner:
            is_over = obj.get("status", {}).get("phase") in ("Succeeded", "Failed")
            siblings += not is_over and "deletionTimestamp" not in obj["metadata"]
    assert siblings <= most, f"{siblings} Pods where {most} are wanted after {entry}"
