"""Which changes in a cluster make a Pod that was refused worth another attempt, and which do not.

The cases are upstream's, of its tests of queueing with the default plugins.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from wherry.api.core.node import NODES
from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.pod import PODS
from wherry.api.dra.deviceclass import DEVICECLASSES
from wherry.api.storage.csidriver import CSIDRIVERS
from wherry.api.storage.csinode import CSINODES
from wherry.api.storage.csistoragecapacity import CSISTORAGECAPACITIES
from wherry.api.storage.storageclass import STORAGECLASSES
from wherry.api.storage.volumeattachment import VOLUMEATTACHMENTS
from wherry.scheduler.catalog import PLUGINS
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.configuration import Configuration, ProfileSettings
from wherry.scheduler.model import PodInfo
from wherry.scheduler.rules import Filter, Handle, Plugin, Prepared, Refusal
from wherry.scheduler.tests.scene import scene
from wherry.scheduler.tests.steps import (
    ZONE,
    Step,
    a_class,
    allocatable,
    both,
    capacity,
    claim,
    csi_node,
    far,
    gone,
    in_group,
    labels,
    near,
    node,
    node_gone,
    node_labels,
    node_spec,
    on_node,
    patch,
    pod,
    port,
    put,
    removed,
    requests,
    resized,
    spread,
    status,
    taint,
    tolerates,
    uses,
    volume,
)


@dataclass(frozen=True)
class Case:
    """What there is, the Pods that fit nowhere, what happens, and for whom that is worth another attempt."""

    there: Sequence[Step]
    waiting: Mapping[str, Mapping[str, Any]]
    change: Step
    woken: str = ""


NOT_READY = node("n1", taints=[taint("broken")])
LATE = {"storageClassName": "late"}
CASES: dict[str, Case] = {
    "taint: room alone does not help": Case(
        [NOT_READY],
        {"a": requests(cpu="4"), "b": requests(cpu="4") | tolerates("broken")},
        allocatable("n1", cpu="4"),
        "b",
    ),
    "taint: a toleration": Case(
        [NOT_READY],
        {"a": {}, "b": {}},
        patch(PODS, "a", spec={"tolerations": [{"key": "broken", "operator": "Exists"}]}),
        "a",
    ),
    "taint: another taint": Case(
        [NOT_READY],
        {"a": tolerates("x"), "b": tolerates("y"), "c": {}},
        node_spec("n1", taints=[taint("x")]),
        "a",
    ),
    "taint: a node with another taint": Case(
        [NOT_READY], {"a": tolerates("x"), "b": {}}, node("n2", taints=[taint("x")]), "a"
    ),
    "taint: its own label does not help": Case([NOT_READY], {"a": {}}, labels("a", x="y")),
    "taint: its own condition does not help": Case(
        [NOT_READY], {"a": {}}, status("a", conditions=[{"type": "example.com/x", "status": "True"}])
    ),
    "node affinity: a label": Case(
        [node("n1")], {"a": in_group("x"), "b": in_group("y")}, node_labels("n1", group="x"), "a"
    ),
    "node affinity: a label that changes nothing": Case(
        [node("n1", labels={"group": "x"}), node("n2", labels={"group": "y"})],
        {"a": in_group("x") | requests(cpu="4")},
        node_labels("n1", other="z"),
    ),
    "node affinity: a node": Case(
        [node("n1")], {"a": in_group("x"), "b": in_group("y")}, node("n2", labels={"group": "x"}), "a"
    ),
    "node affinity by name, and room": Case(
        [node("n1"), node("n2")], {"a": on_node("n1") | requests(cpu="4")}, allocatable("n1", cpu="4"), "a"
    ),
    "room: the Pod asks for less": Case([node("n1")], {"a": requests(cpu="4")}, resized("a", "2"), "a"),
    "room: the Pod asks for more": Case([node("n1")], {"a": requests(cpu="4")}, resized("a", "5")),
    "room: a Pod ends": Case([node("n1"), pod("x", cpu="2")], {"a": requests(cpu="2")}, gone("x"), "a"),
    "room: a Pod has ended": Case(
        [node("n1"), pod("x", cpu="2")], {"a": requests(cpu="2")}, status("x", phase="Succeeded"), "a"
    ),
    "room: a placed Pod shrinks": Case(
        [node("n1"), pod("x", cpu="2")], {"a": requests(cpu="1"), "b": requests(memory="9Gi")}, resized("x", "1"), "a"
    ),
    "room: a placed Pod has yet to shrink": Case(
        [
            node("n1"),
            pod("x", cpu="2"),
            status("x", containerStatuses=[{"name": "c", "resources": {"requests": {"cpu": "2"}}, "image": "app:1"}]),
        ],
        {"a": requests(cpu="1")},
        resized("x", "1"),
    ),
    "room: a placed Pod has shrunk": Case(
        [
            node("n1"),
            pod("x", cpu="2"),
            status("x", containerStatuses=[{"name": "c", "resources": {"requests": {"cpu": "2"}}, "image": "app:1"}]),
            resized("x", "1"),
        ],
        {"a": requests(cpu="1")},
        status("x", containerStatuses=[{"name": "c", "resources": {"requests": {"cpu": "1"}}, "image": "app:1"}]),
        "a",
    ),
    "room: a node": Case([node("n1")], {"a": requests(cpu="4"), "b": requests(cpu="5")}, node("n2", cpu="4"), "a"),
    "room: a node has more": Case(
        [node("n1")], {"a": requests(cpu="4"), "b": requests(cpu="5")}, allocatable("n1", cpu="4"), "a"
    ),
    "room: a node has more of something else": Case(
        [node("n1", cpu="4"), node("n2", labels={"group": "x"})],
        {"a": requests(cpu="4") | in_group("x")},
        allocatable("n1", memory="9Gi"),
    ),
    "room: a node that will not do has more": Case(
        [node("n1", cpu="4"), node("n2", labels={"group": "x"})],
        {"a": requests(cpu="4") | in_group("x")},
        allocatable("n1", cpu="5"),
        "a",
    ),
    "room: a node takes more Pods": Case(
        [node("n1", labels={"group": "x"}), allocatable("n1", pods="0")],
        {"a": in_group("x")},
        allocatable("n1", pods="1"),
        "a",
    ),
    "room: a heartbeat": Case(
        [node("n1")],
        {"a": requests(cpu="4")},
        lambda on: on.client.patch(
            NODES, "n1", {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}, subresource="status"
        ),
    ),
    "devices: a class": Case(
        [node("n1")],
        {"a": requests(gpu="1"), "b": requests(other="1")},
        put(DEVICECLASSES, "gpus", spec={"extendedResourceName": "example.com/gpu"}),
        "a",
    ),
    "devices: a class is for something else now": Case(
        [node("n1"), put(DEVICECLASSES, "gpus", spec={})],
        {"a": requests(gpu="1"), "b": requests(other="1")},
        patch(DEVICECLASSES, "gpus", spec={"extendedResourceName": "example.com/gpu"}),
        "a",
    ),
    "far: a label goes": Case(
        [node("n1"), pod("x", labels={"one": "", "two": ""})],
        {"a": far("one", "kubernetes.io/hostname"), "b": far("two", "kubernetes.io/hostname")},
        labels("x", one=None),
        "a",
    ),
    "far: a Pod ends": Case(
        [node("n1"), pod("x", labels={"one": ""}), pod("y", labels={"two": ""})],
        {"a": far("one", "kubernetes.io/hostname"), "b": far("two", "kubernetes.io/hostname")},
        gone("x"),
        "a",
    ),
    "far: a Pod ends that kept others away": Case(
        [
            node("n1"),
            pod("x", **near("one", "kubernetes.io/hostname", "podAntiAffinity")),
            pod("y", **near("two", "kubernetes.io/hostname", "podAntiAffinity")),
        ],
        {"a": {"labels": {"one": ""}}, "b": {"labels": {"two": ""}}},
        gone("x"),
        "a",
    ),
    "far: labels of a node": Case(
        [node("n1", labels={"room": "1", "rack": "1", "row": "1"}), pod("x", labels={"one": ""})],
        {"a": far("one", "room"), "b": far("one", "rack"), "c": far("one", "row")},
        node_labels("n1", room=None, rack="2", other="1"),
        "ab",
    ),
    "far: a node, though in the same zone": Case(
        [node("n1", labels={"zone": "1"}), pod("x", labels={"one": ""})],
        {"a": far("one", "zone"), "b": far("one", "kubernetes.io/hostname")},
        node("n2", labels={"zone": "1"}),
        "ab",
    ),
    "near: a label comes": Case(
        [node("n1"), pod("x")],
        {"a": near("one", "kubernetes.io/hostname"), "b": near("two", "kubernetes.io/hostname")},
        labels("x", one="1"),
        "a",
    ),
    "near: a node": Case(
        [node("n1")], {"a": near("one", "zone"), "b": near("one", "region")}, node("n2", labels={"zone": "1"}), "a"
    ),
    "near: labels of a node": Case(
        [
            node("n1", labels={"region": "1"}),
            node("n2", labels={"region": "2", "group": "x"}),
            pod("x", labels={"one": ""}),
        ],
        {
            "a": near("one", "zone") | {"labels": {"one": ""}},
            "b": near("one", "other") | {"labels": {"one": ""}},
            "c": {"affinity": {**near("one", "region")["affinity"], **in_group("x")["affinity"]}},
        },
        node_labels("n1", region="2", zone="1"),
        "ac",
    ),
    "ports: a Pod ends": Case(
        [node("n1"), pod("x", **port(80)), pod("y", **port(81))], {"a": port(80), "b": port(81)}, gone("x"), "a"
    ),
    "ports: a node": Case([node("n1"), pod("x", **port(80))], {"a": port(80)}, node("n2"), "a"),
    "cordoned: no more": Case([node("n1", unschedulable=True)], {"a": {}}, node_spec("n1", unschedulable=False), "a"),
    "cordoned: a node": Case([node("n1", unschedulable=True)], {"a": {}}, node("n2"), "a"),
    "cordoned: another": Case([node("n1", unschedulable=True)], {"a": {}}, node("n2", unschedulable=True)),
    "spread: a Pod comes": Case(
        [node("n1", labels={"rack": "1"}), pod("x", labels={"one": ""}), pod("y", labels={"two": ""})],
        {"a": spread("one", "rack"), "b": spread("two", "rack")},
        pod("z", labels={"one": ""}),
        "a",
    ),
    "spread: a label goes": Case(
        [node("n1", labels={"rack": "1"}), pod("x", labels={"one": ""}), pod("y", labels={"two": ""})],
        {"a": spread("one", "rack"), "b": spread("two", "rack")},
        labels("x", one=None, three=""),
        "a",
    ),
    "spread: a Pod ends": Case(
        [node("n1", labels={"rack": "1"}), pod("x", labels={"one": ""}), pod("y", labels={"two": ""})],
        {"a": spread("one", "rack"), "b": spread("two", "rack")},
        gone("x"),
        "a",
    ),
    "spread: a node": Case(
        [
            node("n1", labels={"rack": "1"}),
            node("n2", labels={"zone": "1"}),
            pod("x", labels={"one": ""}),
            pod("y", "n2", labels={"one": ""}),
        ],
        {"a": spread("one", "rack"), "b": spread("one", "zone")},
        node("n3", labels={"rack": "1"}),
        "a",
    ),
    "spread: labels of a node": Case(
        [
            node("n1", labels={"rack": "1", "region": "1", "service": "1"}),
            node("n2", labels={"rack": "1", "region": "1", "service": "1"}),
            pod("x", labels={"one": ""}),
        ],
        {
            key: spread("one", label)
            for key, label in zip("abcde", ("rack", "zone", "region", "other", "service"), strict=True)
        },
        node_labels("n2", rack=None, zone="1", service="2"),
        "abe",
    ),
    "spread: a node goes": Case(
        [
            node("n1", labels={"rack": "1"}),
            node("n2", labels={"zone": "1"}),
            pod("x", labels={"one": ""}),
            pod("y", "n2", labels={"one": ""}),
        ],
        {"a": spread("one", "rack"), "b": spread("one", "zone")},
        node_gone("n2"),
        "b",
    ),
    "spread: a taint": Case(
        [
            node("n1", labels={"rack": "1"}),
            node("n2", labels={"zone": "1"}),
            node("n3", labels={"zone": "1"}, taints=[taint("broken")]),
            pod("x", labels={"one": ""}),
            pod("y", "n2", labels={"one": ""}),
        ],
        {"a": spread("one", "rack"), "b": spread("one", "zone") | tolerates("x")},
        node_spec("n3", taints=[taint("x")]),
        "b",
    ),
    "spread: its own toleration, if taints count": Case(
        [node("n1", labels={"rack": "1"}), pod("x", labels={"one": ""})],
        {"a": spread("one", "rack", nodeTaintsPolicy="Honor"), "b": spread("one", "rack")},
        both(
            patch(PODS, "a", spec={"tolerations": [{"key": "x", "operator": "Exists"}]}),
            patch(PODS, "b", spec={"tolerations": [{"key": "x", "operator": "Exists"}]}),
        ),
        "a",
    ),
    "spread: its own label": Case(
        [node("n1", labels={"rack": "1"}), pod("x", labels={"one": ""})],
        {"a": spread("one", "rack"), "b": spread("one", "rack")},
        both(labels("a", one=None), labels("b", other="")),
        "a",
    ),
    "zone: the volume": Case(
        [node("n1", labels={ZONE: "a"}), claim("data", "disk")], {"a": uses("data")}, volume("disk", zone="a"), "a"
    ),
    "zone: the volume has moved": Case(
        [node("n1", labels={ZONE: "a"}), volume("disk", zone="b"), claim("data", "disk")],
        {"a": uses("data")},
        patch(PERSISTENTVOLUMES, "disk", metadata={"labels": {ZONE: "a"}}),
        "a",
    ),
    "claim: it came": Case(
        [node("n1"), volume("disk")], {"a": uses("data"), "b": uses("more")}, claim("data", "disk"), "a"
    ),
    "claim: it is bound": Case(
        [node("n1"), volume("disk"), claim("data"), claim("more")],
        {"a": uses("data"), "b": uses("more")},
        patch(
            PERSISTENTVOLUMECLAIMS,
            "data",
            metadata={"annotations": {"pv.kubernetes.io/bind-completed": "yes"}},
            spec={"volumeName": "disk"},
        ),
        "a",
    ),
    "claim: its only user ends": Case(
        [node("n1"), volume("disk"), claim("data", "disk", "ReadWriteOncePod"), pod("x", **uses("data"))],
        {"a": uses("data"), "b": uses("more")},
        gone("x"),
        "a",
    ),
    "reach: a node": Case(
        [node("n1"), volume("disk", reached_from="here"), claim("data", "disk")],
        {"a": uses("data")},
        node("n2", labels={"place": "here"}),
        "a",
    ),
    "reach: a label": Case(
        [node("n1"), volume("disk", reached_from="here"), claim("data", "disk")],
        {"a": uses("data")},
        node_labels("n1", place="here"),
        "a",
    ),
    "class: it came": Case([node("n1"), claim("data", **LATE)], {"a": uses("data")}, a_class("late"), "a"),
    "class: other places": Case(
        [node("n1", labels={ZONE: "a"}), a_class("late", "c"), claim("data", **LATE)],
        {"a": uses("data")},
        patch(
            STORAGECLASSES,
            "late",
            allowedTopologies=[{"matchLabelExpressions": [{"key": ZONE, "values": ["a"]}]}],
        ),
        "a",
    ),
    "class: the same places": Case(
        [node("n1", labels={ZONE: "a"}), a_class("late", "c"), claim("data", **LATE)],
        {"a": uses("data")},
        patch(STORAGECLASSES, "late", metadata={"labels": {"x": "y"}}),
    ),
    "drivers of a node: they came": Case(
        [node("n1"), claim("data", **LATE)], {"a": uses("data")}, put(CSINODES, "n1", spec={"drivers": []}), "a"
    ),
    "drivers of a node: what is migrated": Case(
        [node("n1"), put(CSINODES, "n1", spec={"drivers": []}), claim("data", **LATE)],
        {"a": uses("data")},
        patch(CSINODES, "n1", metadata={"annotations": {"storage.alpha.kubernetes.io/migrated-plugins": "x"}}),
        "a",
    ),
    "drivers of a node: something else": Case(
        [node("n1"), put(CSINODES, "n1", spec={"drivers": []}), claim("data", **LATE)],
        {"a": uses("data")},
        patch(CSINODES, "n1", metadata={"annotations": {"x": "y"}}),
    ),
    "driver: counts no more": Case(
        [node("n1"), put(CSIDRIVERS, "disks", spec={"storageCapacity": True}), claim("data", **LATE)],
        {"a": uses("data")},
        patch(CSIDRIVERS, "disks", spec={"storageCapacity": False}),
        "a",
    ),
    "driver: counts now": Case(
        [node("n1"), put(CSIDRIVERS, "disks", spec={"storageCapacity": False}), claim("data", **LATE)],
        {"a": uses("data")},
        patch(CSIDRIVERS, "disks", spec={"storageCapacity": True}),
    ),
    "storage: there is some": Case(
        [node("n1"), claim("data", **LATE)], {"a": uses("data")}, capacity("room", "late", "10"), "a"
    ),
    "storage: more": Case(
        [node("n1"), capacity("room", "late", "10"), claim("data", **LATE)],
        {"a": uses("data")},
        patch(CSISTORAGECAPACITIES, "room", capacity="20"),
        "a",
    ),
    "storage: less": Case(
        [node("n1"), capacity("room", "late", "10"), claim("data", **LATE)],
        {"a": uses("data")},
        patch(CSISTORAGECAPACITIES, "room", capacity="5"),
    ),
    "limits: a node of drivers": Case(
        [node("n1"), csi_node(0), volume("disk"), claim("data", "disk")],
        {"a": uses("data")},
        put(CSINODES, "n2", spec={"drivers": []}),
        "a",
    ),
    "limits: a Pod with volumes ends": Case(
        [
            node("n1"),
            csi_node(1),
            volume("disk"),
            volume("disk-2"),
            claim("data", "disk"),
            claim("more", "disk-2"),
            pod("x", **uses("data")),
            pod("y"),
        ],
        {"a": uses("more")},
        gone("x"),
        "a",
    ),
    "limits: another Pod ends": Case(
        [node("n1"), csi_node(0), volume("disk"), claim("data", "disk"), pod("x")], {"a": uses("data")}, gone("x")
    ),
    "limits: something is detached": Case(
        [
            node("n1"),
            csi_node(0),
            volume("disk"),
            claim("data", "disk"),
            put(
                VOLUMEATTACHMENTS,
                "attached",
                spec={"attacher": "disks", "nodeName": "n1", "source": {"persistentVolumeName": "disk"}},
            ),
        ],
        {"a": uses("data")},
        removed(VOLUMEATTACHMENTS, "attached"),
        "a",
    ),
}


class Register:
    """A plugin that notes whom it is asked about, and lets nobody go on once it is closed."""

    def __init__(self) -> None:
        self.asked: set[str] = set()
        self.is_closed = False

    def make(self, _args: Mapping[str, Any], _handle: Handle) -> Plugin:
        return Plugin("Register", filter=Filter(self._prepare))

    def _prepare(self, pod: PodInfo, _: Cluster) -> Refusal | None:
        self.asked.add(pod.key.name)
        return Refusal(("closed",), is_lasting=True) if self.is_closed else None


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_who_is_woken(case: Case) -> None:
    register = Register()
    profile = ProfileSettings(filters=("Register", *PLUGINS))
    async with scene(Configuration(profiles=(profile,), plugins={"Register": register.make})) as on:
        for step in case.there:
            await step(on)
        await on.settle()
        for name, spec in case.waiting.items():
            await on.pod(name, **{"cpu": "0", **spec})
            assert await on.why(name), f"{name} fits"
        await on.settle()
        register.asked.clear()
        register.is_closed = True
        await case.change(on)
        await on.settle()
        assert "".join(sorted(register.asked)) == case.woken


async def test_room_that_is_promised_no_more_is_for_others() -> None:
    async with scene() as on:
        await on.node("n1", cpu="1")
        await on.node("n2", cpu="1")
        await on.pod("high", cpu="1", priority=10, nodeSelector={"no": "where"})
        await status("high", nominatedNodeName="n1")(on)
        await on.pod("first", cpu="1")
        await on.pod("second", cpu="1")
        assert await on.homes() == {"high": "", "first": "n2", "second": ""}
        assert "2 Insufficient cpu" in await on.why("second")
        await status("high", nominatedNodeName="n2")(on)
        await on.settle()
        assert await on.home("second") == "n1"
        await on.pod("third", cpu="1")
        await on.delete("first")
        assert await on.home("third") == ""
        await status("high", nominatedNodeName=None)(on)
        await on.settle()
        assert await on.home("third") == "n2"


class Slow:
    """Has what a Pod needs written some day."""

    async def pre_bind(self) -> None:
        await asyncio.get_running_loop().create_future()

    def unreserve(self) -> None:
        pass


def slow(_args: Mapping[str, Any], _handle: Handle) -> Plugin:
    return Plugin("Slow", filter=Filter(lambda pod, _: Prepared(reserve=lambda _: Slow() if pod.volumes else None)))


async def test_a_pod_that_is_deleted_while_it_is_bound_leaves_its_room_at_once() -> None:
    profile = ProfileSettings(filters=("Slow", "NodeResourcesFit"))
    async with scene(Configuration(profiles=(profile,), plugins={"Slow": slow})) as on:
        await on.node("n1", cpu="1")
        await put(PODS, "a", metadata={"finalizers": ["example.com/x"]}, spec=requests(cpu="1") | uses("data"))(on)
        await on.pod("b", cpu="1")
        assert "1 Insufficient cpu" in await on.why("b")
        await on.delete("a")
        assert await on.homes() == {"a": "", "b": "n1"}
