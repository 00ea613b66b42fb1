"""What users see of simulated nodes and the Pods on them."""

from __future__ import annotations

from wherry.api.core.pod import PODS
from wherry.providers.simulated.tests.cluster import condition, running, state


async def test_a_pod_runs_and_is_ready() -> None:
    async with running() as cluster:
        await cluster.run()
        pod = await cluster.pod()
        assert pod["status"]["phase"] == "Running"
        assert "running" in state(pod)
        assert condition(pod, "Ready") == "True"
        assert pod["status"]["podIP"]


async def test_a_deleted_pod_is_gone() -> None:
    async with running() as cluster:
        await cluster.run()
        await cluster.client.delete(PODS, "web", "default")
        await cluster.settle()
        assert await cluster.pods() == []
