"""Stages at work: Pods that go through them beside real controllers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.apiserver.yamltext import parse_yaml
from wherry.providers.simulated.nodespec import node_specs
from wherry.providers.simulated.stages.stage import Stage, parse_stage
from wherry.providers.simulated.tests.cluster import Cluster, condition

READY = """
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: run}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector:
    matchExpressions:
    - {key: .metadata.deletionTimestamp, operator: DoesNotExist}
    - {key: .status.podIP, operator: DoesNotExist}
  delay: {durationMilliseconds: 2000}
  next:
    event: {type: Normal, reason: Begun, message: "{{ .metadata.name }} begins"}
    finalizers: {add: [{value: example.org/held}]}
    statusTemplate: |
      {{ $now := Now }}
      conditions:
      - {type: Ready, status: "True", lastTransitionTime: {{ $now | Quote }}}
      containerStatuses:
      {{ range .spec.containers }}
      - name: {{ .name | Quote }}
        image: {{ .image | Quote }}
        imageID: ""
        ready: true
        restartCount: 0
        state: {running: {startedAt: {{ $now | Quote }}}}
      {{ end }}
      hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
      podIP: {{ PodIPWith .spec.nodeName ( or .spec.hostNetwork false ) | Quote }}
      phase: Running
"""
GONE = """
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: go}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector:
    matchExpressions:
    - {key: .metadata.deletionTimestamp, operator: Exists}
  next:
    finalizers: {empty: true}
    delete: true
"""
LABELLED = """
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: mark}
spec:
  resourceRef: {apiGroup: v1, kind: Node}
  selector:
    matchExpressions:
    - {key: .metadata.labels.seen, operator: DoesNotExist}
  next:
    patches:
    - {type: merge, template: "metadata: {labels: {seen: {{ NodeName | Quote }}}}"}
"""


@asynccontextmanager
async def playing(*texts: str) -> AsyncIterator[Cluster]:
    stages: list[Stage] = []
    for text in texts:
        stage = parse_stage(parse_yaml(text.encode()))
        assert stage is not None
        stages.append(stage)
    cluster = Cluster(node_specs(2), stages=stages)
    await cluster.start()
    try:
        yield cluster
    finally:
        await cluster.close()


async def test_a_pod_goes_through_its_stages() -> None:
    async with playing(READY, GONE) as cluster:
        await cluster.run()
        await cluster.advance(1)
        assert (await cluster.pod())["status"]["phase"] == "Pending"
        await cluster.client.patch(PODS, "web", {"metadata": {"labels": {"a": "b"}}}, "default")
        await cluster.advance(1)
        pod = await cluster.pod()
        assert pod["status"]["phase"] == "Running", "a change on the way does not begin the delay anew"
        assert condition(pod, "Ready") == "True"
        assert condition(pod, "PodScheduled") == "True"
        assert pod["metadata"]["finalizers"] == ["example.org/held"]
        assert ("Begun", "web begins") in await cluster.events()
        node = await cluster.node(pod["spec"]["nodeName"])
        assert pod["status"]["podIP"].rpartition(".")[0] == node["spec"]["podCIDR"].rpartition(".")[0]
        await cluster.client.delete(PODS, "web", "default")
        await cluster.settle()
        assert await cluster.pods() == []


async def test_lists_of_addresses() -> None:
    """As kwok's own stages have asked for them since Pods may have two."""
    listing = READY.replace(
        "podIP: {{ PodIPWith .spec.nodeName ( or .spec.hostNetwork false ) | Quote }}",
        """{{ with PodIPsWith .spec.nodeName ( or .spec.hostNetwork false ) .metadata.uid .metadata.name "default" }}
      podIP: {{ index . 0 | Quote }}
      podIPs:
      {{ range . }}
      - ip: {{ . | Quote }}
      {{ end }}
      {{ end }}
      {{ range NodeIPsWith "nowhere" }}hostIP: never{{ end }}
      message: {{ printf "%s on %s" .metadata.name ( index ( NodeIPsWith .spec.nodeName ) 0 ) | Quote }}""",
    )
    async with playing(listing, GONE) as cluster:
        await cluster.run()
        await cluster.advance(3)
        status = (await cluster.pod())["status"]
        assert status["podIPs"] == [{"ip": status["podIP"]}]
        assert status["message"] == f"web on {status['hostIP']}"


async def test_pods_have_addresses_of_their_own() -> None:
    async with playing(READY, GONE) as cluster:
        for name in "abc":
            await cluster.run(name, nodeName="node-1")
        await cluster.advance(2)
        addresses = [(await cluster.pod(name))["status"]["podIP"] for name in "abc"]
        assert len(set(addresses)) == 3


async def test_stages_for_nodes_come_on_top_of_heartbeats() -> None:
    async with playing(LABELLED) as cluster:
        nodes = (await cluster.client.list(NODES)).items
        assert [node["metadata"]["labels"]["seen"] for node in nodes] == ["node-1", "node-2"]
        await cluster.run()
        assert (await cluster.pod())["status"]["phase"] == "Running"


FAILS = """
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: node-fails}
spec:
  resourceRef: {apiGroup: v1, kind: Node}
  selector:
    matchLabels: {fails: "true"}
    matchExpressions:
    - {key: .status.phase, operator: In, values: [Running]}
    - {key: '.status.conditions.[] | select( .type == "Ready" ) | .status', operator: In, values: ["True"]}
  next:
    statusTemplate: |
      conditions:
      {{ range NodeConditions }}
      - type: {{ .type | Quote }}
        status: {{ if eq .type "Ready" }}"False"{{ else }}{{ .status | Quote }}{{ end }}
        reason: {{ if eq .type "Ready" }}Broken{{ else }}{{ .reason | Quote }}{{ end }}
        message: ""
        lastHeartbeatTime: {{ Now | Quote }}
        lastTransitionTime: {{ Now | Quote }}
      {{ end }}
"""


async def test_what_stages_say_of_a_node_outlasts_its_heartbeats() -> None:
    async with playing(FAILS) as cluster:
        name = (await cluster.client.list(NODES)).items[0]["metadata"]["name"]
        await cluster.client.patch(NODES, name, {"metadata": {"labels": {"fails": "true"}}})
        await cluster.settle()
        broken = await cluster.node(name)
        assert condition(broken, "Ready") == "False"
        await cluster.advance(700)
        later = await cluster.node(name)
        assert condition(later, "Ready") == "False"
        assert [each["lastHeartbeatTime"] for each in later["status"]["conditions"]] != [
            each["lastHeartbeatTime"] for each in broken["status"]["conditions"]
        ]
