"""The Node object."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from wherry.kubelet.node.description import Health, NodeSettings, node_conditions, node_object, node_status
from wherry.kubelet.node.machine import Machine, Pressure
from wherry.kubelet.runtime.model import Image, RuntimeVersion

SETTINGS = NodeSettings("n1", ("192.0.2.1",), "host1", 10250, labels={"zone": "a"})
MACHINE = Machine(4, 8 << 30, "mid", "uuid", "boot", "6.1", "Debian", "amd64", {"hugepages-2Mi": 4 << 20})
EASE = Pressure(4 << 30, 90 << 30, 100 << 30, 900, 1000, 200, 32768)


def test_registers_with_the_well_known_labels() -> None:
    node = node_object(SETTINGS, MACHINE)
    assert node["metadata"]["labels"] == {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": "host1",
        "kubernetes.io/os": "linux",
        "zone": "a",
    }


def test_status() -> None:
    images = [Image("sha256:1", ("a:1",), ("a@sha256:1",), 10), Image("sha256:2", ("b:1",), (), 20)]
    status = node_status(SETTINGS, MACHINE, EASE, Health(), RuntimeVersion("containerd", "1.6"), images)
    assert status["capacity"]["memory"] == "8388608Ki"
    assert status["allocatable"]["memory"] == f"{((8 << 30) - (4 << 20) - (100 << 20)) // 1024}Ki"
    assert status["capacity"]["hugepages-2Mi"] == "4Mi"
    assert status["nodeInfo"]["containerRuntimeVersion"] == "containerd://1.6"
    assert status["daemonEndpoints"] == {"kubeletEndpoint": {"Port": 10250}}
    assert [image["names"] for image in status["images"]] == [["b:1"], ["a@sha256:1", "a:1"]]
    assert status["addresses"][-1] == {"type": "Hostname", "address": "host1"}


@pytest.mark.parametrize(
    ("changes", "health", "expected"),
    [
        ({}, Health(), {"Ready": ("True", "KubeletReady"), "MemoryPressure": ("False", "KubeletHasSufficientMemory")}),
        ({"memory_available": 50 << 20}, Health(), {"MemoryPressure": ("True", "KubeletHasInsufficientMemory")}),
        ({"disk_available": 9 << 30}, Health(), {"DiskPressure": ("True", "KubeletHasDiskPressure")}),
        ({"inodes_available": 40}, Health(), {"DiskPressure": ("True", "KubeletHasDiskPressure")}),
        ({"pids_used": 32000}, Health(), {"PIDPressure": ("True", "KubeletHasInsufficientPID")}),
        ({}, Health(network="no network"), {"Ready": ("False", "KubeletNotReady")}),
    ],
    ids=["ease", "memory", "disk", "inodes", "pids", "network"],
)
def test_conditions(changes: dict[str, int], health: Health, expected: dict[str, Any]) -> None:
    conditions = node_conditions(replace(EASE, **changes), health, (), 0.0)
    found = {each["type"]: (each["status"], each["reason"]) for each in conditions}
    assert found | expected == found


def test_heartbeats_move_and_transitions_stay() -> None:
    first = node_conditions(EASE, Health(), (), 0.0)
    second = node_conditions(EASE, Health(runtime="down"), first, 60.0)
    times = {each["type"]: (each["lastTransitionTime"], each["lastHeartbeatTime"]) for each in second}
    assert times["PIDPressure"] == ("1970-01-01T00:00:00Z", "1970-01-01T00:01:00Z")
    assert times["Ready"] == ("1970-01-01T00:01:00Z", "1970-01-01T00:01:00Z")
