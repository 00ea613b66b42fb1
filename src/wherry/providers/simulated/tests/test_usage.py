from __future__ import annotations

import pytest

from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.autoscaling.horizontalpodautoscaler import HORIZONTALPODAUTOSCALERS
from wherry.api.types.core_v1 import Pod
from wherry.api.types.decoding import convert
from wherry.controllers import catalog
from wherry.controllers.tests.plane import deployment
from wherry.controlplane.settings import Settings
from wherry.providers.simulated.behaviour import Behaviour, ContainerBehaviour, ordinary
from wherry.providers.simulated.nodespec import node_specs
from wherry.providers.simulated.tests.cluster import Cluster
from wherry.providers.simulated.usage import PodUsage, Usage, simulated_metrics, usage_of
from wherry.testing.clock import ManualClock


def pod(**requests: str) -> Pod:
    containers = [{"name": name, "image": "x", "resources": {"requests": requests}} for name in ("b", "a", "c")]
    running = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
    states = {"a": running, "b": running, "c": {"waiting": {}}}
    statuses = [{"name": name, "state": state} for name, state in states.items()]
    meta = {"name": "web", "namespace": "default"}
    return convert(
        Pod, {"metadata": meta, "spec": {"containers": containers}, "status": {"containerStatuses": statuses}}
    )


def test_half_of_what_is_requested_unless_told_otherwise() -> None:
    behaviour = Behaviour(containers={"a": ContainerBehaviour(cpu=0.9)})
    used = usage_of(pod(cpu="100m", memory="64Mi"), behaviour)
    assert used == PodUsage("default", "web", (Usage("a", 0.9, 32 << 20), Usage("b", 0.05, 32 << 20)))
    assert used.thousandths("cpu") == 950
    assert used.thousandths("cpu", "b") == 50
    assert used.thousandths("memory", "a") == (32 << 20) * 1000


@pytest.mark.parametrize(("resource", "container"), [("cpu", "c"), ("cpu", "z"), ("nvidia.com/gpu", "")])
def test_what_is_not_known(resource: str, container: str) -> None:
    assert usage_of(pod(), Behaviour()).thousandths(resource, container) is None


async def test_an_autoscaler_follows_what_pods_use() -> None:
    clock = ManualClock()
    controllers = catalog.Settings(root_ca=lambda: "", metrics=simulated_metrics(ordinary, clock))
    cluster = Cluster(node_specs(2), clock=clock, settings=Settings(controllers=controllers))
    await cluster.start()
    wanted = deployment(replicas=2)
    wanted["spec"]["template"]["metadata"]["annotations"] = {"simulate.wherry.dev/cpu": "200m"}
    wanted["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "100m"}}
    await cluster.apply(DEPLOYMENTS, wanted)
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
    }
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": reference, "minReplicas": 1, "maxReplicas": 10, "metrics": [metric]}
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": spec,
    }
    await cluster.apply(HORIZONTALPODAUTOSCALERS, scaler)
    await cluster.advance(60)
    found = await cluster.client.get(DEPLOYMENTS, "web", "default")
    assert found["spec"]["replicas"] == 10
    await cluster.close()
