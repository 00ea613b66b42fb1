"""A cluster with storage for tests of rules: an API in memory, a few nodes, and plug-ins that look at both."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from wherry.api import Obj
from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.resource import Resource
from wherry.apiserver.api import Api, Settings
from wherry.client import Client
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import Handle, Hold, Plugin, Prepared, Refusal
from wherry.scheduler.tests.objects import info, node
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock

Maker = Callable[[Mapping[str, Any], Handle], Plugin]


class Storage:
    """What a test has in its hands."""

    def __init__(self, client: Client, clock: ManualClock) -> None:
        self.client = client
        self.clock = clock
        self.cluster = Cluster()
        self.handle = Handle(client, clock, random.Random(7), self.cluster)

    def nodes(self, *zones: str) -> None:
        """node-1, node-2, … in these zones."""
        for number, zone in enumerate(zones, 1):
            labels = {"topology.kubernetes.io/zone": zone} if zone else {}
            self.cluster.set_node(node(f"node-{number}", labels=labels))

    async def put(self, resource: Resource, obj: Obj, status: Obj | None = None) -> Obj:
        namespace = "default" if resource.is_namespaced else ""
        made = await self.client.create(resource, obj, namespace)
        if status is not None:
            name = made["metadata"]["name"]
            made = await self.client.patch(resource, name, {"status": status}, namespace, subresource="status")
        return made

    async def claim(self, name: str = "data", volume: str = "", **spec: Any) -> Obj:
        """A claim; with a volume it is bound to that."""
        whole = {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": "late",
            **spec,
        }
        metadata: Obj = {"name": name}
        if volume:
            whole["volumeName"] = volume
            metadata["annotations"] = {"pv.kubernetes.io/bind-completed": "yes"}
        obj = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": whole}
        return await self.put(PERSISTENTVOLUMECLAIMS, obj, {"phase": "Bound"} if volume else None)

    async def volume(
        self, name: str, storage: str = "1Gi", zone: str = "", labels: Mapping[str, str] | None = None, **spec: Any
    ) -> Obj:
        """A volume, of a zone if one is given."""
        whole: Obj = {
            "capacity": {"storage": storage},
            "accessModes": ["ReadWriteOnce"],
            "csi": {"driver": "disks.example.com", "volumeHandle": name},
            "storageClassName": "late",
            **spec,
        }
        if zone:
            wanted = {"key": "topology.kubernetes.io/zone", "operator": "In", "values": [zone]}
            whole["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [wanted]}]}}
        metadata = {"name": name, "labels": dict(labels or {})}
        obj = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": whole}
        return await self.put(PERSISTENTVOLUMES, obj)

    def ask(self, make: Maker, pod: PodInfo, **args: Any) -> dict[str, str]:
        """What the rule says of each node; "" where it has nothing against it."""
        answer = self._prepared(make, pod, args)
        if isinstance(answer, Refusal):
            return {"*": ", ".join(answer.reasons)}
        check = answer.check if isinstance(answer, Prepared) else answer
        found = {one.name: check(one) if check is not None else None for one in self.cluster.order}
        return {name: ", ".join(refusal.reasons) if refusal else "" for name, refusal in found.items()}

    def rate(self, make: Maker, pod: PodInfo, **args: Any) -> dict[str, int]:
        """What the rule thinks of the nodes that it has nothing against; nothing where it has no opinion."""
        plugin = make(args, self.handle)
        assert plugin.filter is not None and plugin.score is not None
        answer = plugin.filter.prepare(pod, self.cluster)
        check = answer.check if isinstance(answer, Prepared) else None
        fitting = [one for one in self.cluster.order if check is None or check(one) is None]
        rate = plugin.score.prepare(pod, self.cluster, fitting)
        return {one.name: rate(one) for one in fitting} if rate is not None else {}

    def reserve(self, make: Maker, pod: PodInfo, node_name: str, **args: Any) -> Hold:
        """What a decision for the node holds."""
        answer = self._prepared(make, pod, args)
        assert isinstance(answer, Prepared) and answer.reserve is not None
        hold = answer.reserve(self._node(node_name))
        assert hold is not None and not isinstance(hold, Refusal)
        return hold

    def _prepared(self, make: Maker, pod: PodInfo, args: Mapping[str, Any]) -> Any:
        rule = make(args, self.handle).filter
        assert rule is not None
        return rule.prepare(pod, self.cluster)

    def _node(self, name: str) -> NodeInfo:
        found = self.cluster.node(name)
        assert found is not None
        return found


@asynccontextmanager
async def storage() -> AsyncIterator[Storage]:
    clock = ManualClock()
    api = Api(Settings(store=MemoryStore(), clock=clock, random=random.Random(7)))
    await api.open()
    try:
        yield Storage(api.client(), clock)
    finally:
        await api.close()


def user(name: str = "web", *claims: str, **spec: Any) -> PodInfo:
    """A Pod that uses claims."""
    volumes = [{"name": one, "persistentVolumeClaim": {"claimName": one}} for one in claims or ("data",)]
    return info(name, **{"volumes": volumes, **spec})


def class_late(**rest: Any) -> Obj:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "late"},
        "provisioner": "disks.example.com",
        "volumeBindingMode": "WaitForFirstConsumer",
        **rest,
    }
