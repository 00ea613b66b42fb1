"""Rollouts in bad times: Pods fail, writes are refused, templates and sizes change, controllers start anew.

Safety is looked at with every single change, liveness once peace has returned.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wherry.api import Obj
from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.apps.replicaset import REPLICASETS
from wherry.api.apps.statefulset import STATEFULSETS
from wherry.api.core.pod import PODS
from wherry.api.errors import NotFound
from wherry.api.resource import Resource
from wherry.api.types.apps_v1 import ReplicaSet
from wherry.api.types.core_v1 import Pod
from wherry.api.types.decoding import convert
from wherry.controllers.apps.deployment.model import fenceposts
from wherry.controllers.podstate import is_active, is_ready
from wherry.controllers.tests.plane import Plane, deployment, only, running, template
from wherry.controllers.tests.refusing import Refusing
from wherry.testing.eventloop import SettlingLoop

STEPS = st.lists(
    st.sampled_from(["run", "run", "run", "image", "scale", "fail", "unready", "restart", "refuse", "time"]),
    min_size=5,
    max_size=25,
)


class Rollout:
    """A workload, what is wanted of it, and what has been seen of its Pods since it last came to rest."""

    def __init__(self, plane: Plane, resource: Resource, gate: Refusing, seed: int) -> None:
        self.plane = plane
        self.resource = resource
        self.gate = gate
        self.rng = random.Random(seed)
        self.image = 1
        self.replicas = 4
        self.sizes = {4}
        self.is_calm = True
        """No write has been refused since all was at rest: what controllers have decided has been done."""
        self.pods = plane.client.informer(PODS, Pod)

    async def change(self, spec: Obj) -> None:
        await self.plane.client.patch(self.resource, "web", {"spec": spec}, "default")

    async def step(self, name: str, restart: Callable[[], Awaitable[None]]) -> None:
        rate, self.gate.rate = self.gate.rate, 0.0
        match name:
            case "run":
                await self.run_some()
            case "image":
                self.image += 1
                containers = [{"name": "main", "image": f"busybox:{self.image}"}]
                await self.change({"template": {"spec": {"containers": containers}}})
            case "scale":
                self.replicas = self.rng.randint(1, 6)
                self.sizes.add(self.replicas)
                await self.change({"replicas": self.replicas})
            case "fail" | "unready":
                await self.spoil("Failed" if name == "fail" else "Running")
            case "restart":
                await restart()
            case "refuse" if rate:
                rate = 0.0
                await self.plane.pass_time(5)
                self.is_calm = True
            case "refuse":
                rate, self.is_calm = 0.3, False
            case _:
                await self.plane.clock.advance(30)
        self.gate.rate = rate
        await self.plane.settle()
        if self.is_calm:
            self.sizes = {self.replicas}

    async def run_some(self) -> None:
        """Play the kubelet for the Pods that are there now, one by one: what controllers decide they decide in between.

        A Pod may be gone, or replaced, by the time it is seen to.
        """
        for pod in await self.plane.pods():
            with suppress(NotFound):
                if "deletionTimestamp" in pod["metadata"]:
                    await self.plane.end_pod(pod)
                elif pod["status"].get("phase") in ("Pending", "Running") and not is_ready(convert(Pod, pod)):
                    await self.plane.set_phase(pod, "Running", ready=True)
            await self.plane.settle()

    async def spoil(self, phase: str) -> None:
        alive = [pod for pod in await self.plane.pods() if pod["status"].get("phase") == "Running"]
        if alive:
            await self.plane.set_phase(self.rng.choice(alive), phase)

    async def come_to_rest(self) -> None:
        self.gate.rate = 0.0
        quiet_since = ""
        for _ in range(40):
            await self.run_some()
            await self.plane.pass_time(60)
            revision = (await self.plane.client.list(PODS, "default")).resource_version
            if revision == quiet_since:
                return
            quiet_since = revision

    def active(self) -> list[Pod]:
        return [pod for pod in self.pods.list() if is_active(pod)]

    def available(self) -> list[Pod]:
        return [pod for pod in self.active() if is_ready(pod) and pod.status.phase == "Running"]


def went(old: Pod | None, new: Pod | None) -> Pod | None:
    """The Pod, as it was, if this change is the beginning of its end."""
    if old is None or old.metadata.deletion_timestamp is not None or not is_active(old):
        return None
    return old if new is None or new.metadata.deletion_timestamp is not None else None


def play(scenario: Callable[[], Any]) -> None:
    with asyncio.Runner(loop_factory=SettlingLoop) as runner:
        runner.run(scenario())


@pytest.mark.parametrize(("surge", "unavailable"), [(1, 0), ("25%", "25%"), (0, 2)])
@settings(max_examples=8, deadline=None)
@given(steps=STEPS, seed=st.integers(0, 1000))
def test_a_deployment_keeps_its_limits_and_gets_there(
    surge: int | str, unavailable: int | str, steps: list[str], seed: int
) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}
    loops = only("deployment-controller", "replicaset-controller")

    async def scenario() -> None:
        gate = Refusing(random.Random(seed))
        async with running(only(), gate=gate) as plane:
            rollout = Rollout(plane, DEPLOYMENTS, gate, seed)
            sets = plane.client.informer(REPLICASETS, ReplicaSet)

            def most() -> int:
                return max(size + fenceposts(surge, unavailable, size)[0] for size in rollout.sizes)

            def least() -> int:
                """Scaling in the middle of a rollout goes by proportion alone, available or not; and what was decided
                with good reason may, where it is refused at first, be done when the reason is gone."""
                is_exempt = len(rollout.sizes) > 1 or not rollout.is_calm
                return 0 if is_exempt else rollout.replicas - fenceposts(surge, unavailable, rollout.replicas)[1]

            def on_set(old: ReplicaSet | None, new: ReplicaSet | None) -> None:
                grown = new is not None and (new.spec.replicas or 0) > ((old.spec.replicas or 0) if old else 0)
                if grown and sum(one.spec.replicas or 0 for one in sets.list()) > most():
                    faults.append(f"asked for more than {most()}")

            def on_pod(old: Pod | None, new: Pod | None) -> None:
                if old is None and rollout.is_calm and len(rollout.active()) > most():
                    faults.append(f"more than {most()} Pods")
                gone = went(old, new)
                if gone is not None and is_ready(gone) and len(rollout.available()) < least():
                    faults.append(f"fewer than {least()} available")

            faults: list[str] = []
            sets.add_handler(on_set)
            rollout.pods.add_handler(on_pod)
            await plane.client.create(DEPLOYMENTS, deployment(replicas=4, strategy=strategy), "default")
            await plane.start(loops)

            async def restart() -> None:
                for running_loops in plane.loops:
                    await running_loops.stop()
                plane.loops.clear()
                await plane.start(loops)

            for name in steps:
                await rollout.step(name, restart)
            await rollout.come_to_rest()
            assert faults == []
            status = (await plane.get(DEPLOYMENTS, "web"))["status"]
            counts = ("replicas", "updatedReplicas", "availableReplicas")
            assert [status.get(count) for count in counts] == [rollout.replicas] * 3
            images = {pod.spec.containers[0].image for pod in rollout.active()}
            assert images == {f"busybox:{rollout.image}"}

    play(scenario)


@pytest.mark.parametrize("policy", ["OrderedReady", "Parallel"])
@settings(max_examples=10, deadline=None)
@given(steps=STEPS, seed=st.integers(0, 1000))
def test_a_stateful_set_keeps_its_order_and_gets_there(policy: str, steps: list[str], seed: int) -> None:
    obj = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 4,
            "serviceName": "web",
            "podManagementPolicy": policy,
            "selector": {"matchLabels": {"app": "web"}},
            "template": template("web"),
        },
    }
    loops = only("statefulset-controller")

    async def scenario() -> None:
        gate = Refusing(random.Random(seed))
        async with running(only(), gate=gate) as plane:
            rollout = Rollout(plane, STATEFULSETS, gate, seed)

            def ordinal(pod: Pod) -> int:
                return int(pod.metadata.name.rpartition("-")[2])

            def on_pod(old: Pod | None, new: Pod | None) -> None:
                available = {ordinal(pod) for pod in rollout.available()}
                is_early = old is None and new is not None and not set(range(ordinal(new))) <= available
                if is_early and policy == "OrderedReady":
                    faults.append(f"{sorted(available)} are ready, which does not let {new} come")
                gone = went(old, new)
                if gone is None or not is_ready(gone):
                    return
                if policy == "OrderedReady" and ordinal(gone) >= max(rollout.sizes):
                    if not set(range(min(rollout.sizes))) <= available:
                        faults.append(f"{gone.metadata.name} went while one below it was not ready")
                elif ordinal(gone) < min(rollout.sizes):
                    missing = [number for number in range(min(rollout.sizes)) if number not in available]
                    if missing != [ordinal(gone)]:
                        faults.append(f"{missing} are missing at once")

            faults: list[str] = []
            rollout.pods.add_handler(on_pod)
            await plane.client.create(STATEFULSETS, obj, "default")
            await plane.start(loops)

            async def restart() -> None:
                for running_loops in plane.loops:
                    await running_loops.stop()
                plane.loops.clear()
                await plane.start(loops)

            for name in steps:
                await rollout.step(name, restart)
            await rollout.come_to_rest()
            assert faults == []
            status = (await plane.get(STATEFULSETS, "web"))["status"]
            counts = ("replicas", "currentReplicas", "updatedReplicas", "availableReplicas")
            assert [status.get(count) for count in counts] == [rollout.replicas] * 4
            names = sorted(pod.metadata.name for pod in rollout.active())
            assert names == [f"web-{number}" for number in range(rollout.replicas)]
            assert {pod.spec.containers[0].image for pod in rollout.active()} == {f"busybox:{rollout.image}"}

    play(scenario)
