"""Who is let in, and what those read who are not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from wherry.api.types.core_v1 import Pod, Taint
from wherry.kubelet.pods.admission import Admitted, Premises, Refused, admit, has_other_labels
from wherry.kubelet.pods.room import Taken
from wherry.kubelet.pods.status import Verdict
from wherry.kubelet.pods.tests.cases import make_pod

GPU = "example.com/gpu"
NODE = Premises("n1", {"cpu": 1000, "memory": 1 << 30, "pods": 3, "ephemeral-storage": 1 << 30, GPU: 2})
CRITICAL = 2_000_000_000


def asks(cpu: str = "0", uid: str = "x", *, labels: dict[str, str] | None = None, **spec: Any) -> Pod:
    requests = {"cpu": cpu, **spec.pop("requests", {})}
    container = {"name": "app", "resources": {"requests": requests}, "ports": spec.pop("ports", [])}
    return make_pod({"containers": [container], **spec}, metadata={"uid": uid, "name": uid, "labels": labels or {}})


def judge(pod: Pod, others: Sequence[Pod] = (), node: Premises = NODE) -> tuple[str, str] | None:
    answer = admit(pod, Taken(others), node, lambda: others)
    return (answer.reason, answer.message) if isinstance(answer, Refused) else None


def short(resource: str, requested: int, used: int, capacity: int) -> tuple[str, str]:
    numbers = f"requested: {requested}, used: {used}, capacity: {capacity}"
    return f"OutOf{resource}", f"Node didn't have enough resource: {resource}, {numbers}"


def failed(predicate: str, why: str) -> tuple[str, str]:
    return predicate, f"Predicate {predicate} failed: {why}"


AFFINITY = failed("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")
PORTS = failed("NodePorts", "node(s) didn't have free ports for the requested pod ports")
TAINTS = failed("TaintToleration", "node(s) had taints that the pod didn't tolerate")
NO_EXECUTE = Taint(key="gone", effect="NoExecute")


@pytest.mark.parametrize(
    ("pod", "others", "expected"),
    [
        pytest.param(asks("500m"), [asks("500m", "a")], None, id="what fits"),
        pytest.param(asks("501m"), [asks("500m", "a")], short("cpu", 501, 500, 1000), id="too much CPU"),
        pytest.param(asks(requests={"memory": "2Gi"}), [], short("memory", 2 << 30, 0, 1 << 30), id="too much memory"),
        pytest.param(
            asks(requests={"ephemeral-storage": "2Gi"}),
            [],
            short("ephemeral-storage", 2 << 30, 0, 1 << 30),
            id="too much disk",
        ),
        pytest.param(
            asks(requests={GPU: "1"}), [asks(uid="a", requests={GPU: "2"})], short(GPU, 1, 2, 2), id="too many devices"
        ),
        pytest.param(
            asks(requests={"example.com/licence": "1"}), [], None, id="what the node has never heard of does not count"
        ),
        pytest.param(asks(), [asks(uid=uid) for uid in "abc"], short("pods", 1, 3, 3), id="too many"),
        pytest.param(
            asks("2", requests={"memory": "2Gi"}),
            [asks(uid=uid) for uid in "abc"],
            short("pods", 1, 3, 3),
            id="the first of several",
        ),
        pytest.param(
            asks("2", nodeSelector={"disk": "ssd"}), [], short("cpu", 2000, 0, 1000), id="room before all else"
        ),
        pytest.param(asks(nodeSelector={"disk": "ssd"}), [], AFFINITY, id="another node"),
        pytest.param(
            asks(labels={"kubernetes.io/os": "windows"}),
            [],
            (
                "PodOSSelectorNodeLabelDoesNotMatch",
                "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
            ),
            id="a label for another system",
        ),
        pytest.param(
            asks("2", os={"name": "windows"}),
            [],
            ("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS"),
            id="another system",
        ),
        pytest.param(
            asks("2", securityContext={"sysctls": [{"name": "net.ipv4.ip_forward", "value": "1"}]}),
            [],
            ("SysctlForbidden", 'forbidden sysctl: "net.ipv4.ip_forward" not allowlisted'),
            id="a parameter that others would feel",
        ),
        pytest.param(
            asks(hostNetwork=True, hostUsers=False),
            [],
            (
                "PodFeatureUnsupported",
                "Pod requires node features that are not available: UserNamespacesHostNetworkSupport",
            ),
            id="what this kubelet does not know",
        ),
    ],
)
def test_who_is_let_in(pod: Pod, others: list[Pod], expected: tuple[str, str] | None) -> None:
    assert judge(pod, others) == expected


def test_the_status_says_that_it_is_a_rejection() -> None:
    assert Refused("OutOfcpu", "no room").verdict == Verdict(
        "Failed", "OutOfcpu", "Pod was rejected: no room", is_refusal=True
    )


@pytest.mark.parametrize(
    ("labels", "expected"), [({"disk": "nvme"}, None), ({"disk": "tape"}, AFFINITY), ({}, AFFINITY)]
)
def test_required_node_affinity(labels: dict[str, str], expected: tuple[str, str] | None) -> None:
    terms = [{"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd", "nvme"]}]}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    node = msgspec.structs.replace(NODE, labels=labels)
    assert judge(asks(affinity={"nodeAffinity": required}), node=node) == expected


def listens(port: int, uid: str = "x", **fields: Any) -> Pod:
    return asks(uid=uid, ports=[{"containerPort": 80, "hostPort": port, "protocol": "TCP", **fields}])


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        pytest.param(listens(80, "other"), PORTS, id="same-port"),
        pytest.param(listens(80, "other", hostIP="192.0.2.1"), PORTS, id="one-address-of-all"),
        pytest.param(listens(80, "other", protocol="UDP"), None, id="other-protocol"),
        pytest.param(listens(81, "other"), None, id="other-port"),
    ],
)
def test_ports_of_the_host(other: Pod, expected: tuple[str, str] | None) -> None:
    assert judge(listens(80), [other]) == expected


@pytest.mark.parametrize(
    ("taint", "tolerations", "expected"),
    [
        pytest.param(NO_EXECUTE, [], TAINTS, id="it would be evicted"),
        pytest.param(NO_EXECUTE, [{"key": "gone", "operator": "Exists"}], None, id="it tolerates"),
        pytest.param(Taint(key="gone", effect="NoSchedule"), [], None, id="only the scheduler's"),
    ],
)
def test_taints(taint: Taint, tolerations: list[Any], expected: tuple[str, str] | None) -> None:
    node = msgspec.structs.replace(NODE, taints=(taint,))
    assert judge(asks(tolerations=tolerations), node=node) == expected


def test_what_the_kubelet_declares_to_know_is_let_in() -> None:
    node = msgspec.structs.replace(NODE, features=("UserNamespacesHostNetworkSupport",))
    assert judge(asks(hostNetwork=True, hostUsers=False), node=node) is None


def test_the_nodes_own_pods_run_whatever_the_taint() -> None:
    own = msgspec.structs.replace(
        asks(), metadata=msgspec.structs.replace(asks().metadata, annotations={"kubernetes.io/config.source": "file"})
    )
    assert judge(own, node=msgspec.structs.replace(NODE, taints=(NO_EXECUTE,))) is None


def test_only_the_labels_may_be_old() -> None:
    assert has_other_labels(Refused("NodeAffinity", ""))
    assert not has_other_labels(Refused("OutOfcpu", ""))
    assert not has_other_labels(Admitted())


def test_others_end_for_a_critical_one() -> None:
    small, large = asks("100m", "small"), asks("600m", "large")
    answer = admit(asks("900m", priority=CRITICAL), Taken([small, large]), NODE, lambda: [small, large])
    assert answer == Admitted([large])


def test_nobody_ends_for_a_critical_one_that_may_not_run_here_anyway() -> None:
    other = asks("1", "other")
    assert judge(asks("1", priority=CRITICAL, nodeSelector={"disk": "ssd"}), [other]) == AFFINITY


def test_a_critical_one_for_which_there_will_never_be_room() -> None:
    other = asks("1", "other", priority=CRITICAL)
    recovering = "Unexpected error while attempting to recover from admission failure"
    unexpected = f"{recovering}: preemption: error finding a set of pods to preempt"
    assert judge(asks("1", priority=CRITICAL), [other]) == (
        "UnexpectedAdmissionError",
        f"{unexpected}: no set of running pods found to reclaim resources: [(res: cpu, q: 1000), ]",
    )
