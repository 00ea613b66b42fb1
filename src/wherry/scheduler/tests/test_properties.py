"""Whatever happens in whatever order: no node holds more than it can, and nobody evicts its betters.

Who is placed is where every rule allows it, and who is not could be nowhere (`plain.py` reads the rules for that).
"""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from wherry.api import Obj
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.configuration import Configuration, make_profiles
from wherry.scheduler.counting.tests import plain
from wherry.scheduler.counting.tests.fixed import FixedNamespaces
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.nominations import Nominations
from wherry.scheduler.plan import Placement, Planner, Unfit
from wherry.scheduler.preemption import Hopeless, Scene, candidates, choose
from wherry.scheduler.rules import Handle, Preemption
from wherry.scheduler.tests.objects import info, node
from wherry.testing.clock import ManualClock
from wherry.testing.nothing import no_cluster

_HOLDS_PORT = st.sampled_from([0, 0, 80, 81])


class Placing(RuleBasedStateMachine):
    """Pods arrive and leave, bindings fail, nodes come, shrink and go; a second planner without memory looks on."""

    def __init__(self) -> None:
        super().__init__()
        self.cluster = Cluster()
        self.nominations = Nominations()
        self.planner = self._planner()
        self.chance = random.Random(0)
        self.count = 0
        self.start = 0
        self.sizes: dict[str, int] = {}
        self.overfull: set[str] = set()
        """Nodes that have shrunk below what runs there: nobody's fault."""

    def _planner(self) -> Planner:
        handle = Handle(no_cluster(), ManualClock(), random.Random(0), self.cluster)
        return Planner(make_profiles(Configuration(), handle)[0], self.cluster, self.nominations)

    @rule(name=st.sampled_from(["n1", "n2", "n3"]), cpu=st.integers(1, 8), is_cordoned=st.booleans())
    def node_comes_or_changes(self, name: str, cpu: int, is_cordoned: bool) -> None:
        self.cluster.set_node(node(name, cpu=str(cpu), unschedulable=is_cordoned))
        self.sizes[name] = cpu * 1000
        one = self.cluster.node(name)
        assert one is not None
        if one.requested.get("cpu", 0) > cpu * 1000:
            self.overfull.add(name)

    @rule(name=st.sampled_from(["n1", "n2", "n3"]))
    def node_goes(self, name: str) -> None:
        self.cluster.remove_node(name)

    @rule(cpu=st.integers(1, 4), priority=st.integers(0, 3), port=_HOLDS_PORT, is_bound=st.booleans())
    def pod_arrives(self, cpu: int, priority: int, port: int, is_bound: bool) -> None:
        self.count += 1
        pod = _pod(f"p{self.count}", cpu, priority, port)
        answer = self.planner.place(pod, self.chance, self.start)
        fresh = self._planner().place(pod, random.Random(0))
        assert isinstance(answer, Unfit) == isinstance(fresh, Unfit)
        if isinstance(answer, Unfit):
            assert isinstance(fresh, Unfit)
            assert answer.message == fresh.message
            self._preempt(pod, answer)
            return
        self.start += answer.asked
        self.nominations.remove(pod.uid)
        self.cluster.set_pod(pod, answer.node)
        if not is_bound:
            self.cluster.remove_pod(pod.uid)

    @rule(data=st.data())
    def pod_goes(self, data: st.DataObject) -> None:
        pods = [pod.uid for pod, _ in self.cluster.pods()]
        if pods:
            self.cluster.remove_pod(data.draw(st.sampled_from(pods)))

    @rule(data=st.data())
    def promised_pod_is_tried_again(self, data: st.DataObject) -> None:
        promised = [pod for name in ("n1", "n2", "n3") for pod in self.nominations.on(name)]
        if not promised:
            return
        pod = data.draw(st.sampled_from(promised))
        answer = self.planner.place(pod, self.chance, self.start)
        if isinstance(answer, Placement):
            self.nominations.remove(pod.uid)
            self.cluster.set_pod(pod, answer.node)

    def _preempt(self, pod: PodInfo, unfit: Unfit) -> None:
        before = {one.uid: home.name for one, home in self.cluster.pods()}
        scene = Scene(self.cluster, self.nominations, Preemption(), self.chance)
        found = candidates(pod, unfit, self.planner, (), scene)
        assert {one.uid: home.name for one, home in self.cluster.pods()} == before
        if isinstance(found, Hopeless):
            return
        chosen = choose(found)
        assert chosen.victims
        assert all(victim.ask.priority < pod.ask.priority for victim in chosen.victims)
        for victim in chosen.victims:
            self.cluster.remove_pod(victim.uid)
        self.nominations.set(pod, chosen.node)

    @invariant()
    def no_node_holds_more_than_it_can(self) -> None:
        for one in self.cluster.nodes():
            used = sum(pod.ask.requests.get("cpu", 0) for pod in one.pods.values())
            assert one.requested.get("cpu", 0) == used
            if used <= self.sizes[one.name]:
                self.overfull.discard(one.name)
            assert one.name in self.overfull or used <= self.sizes[one.name]

    @invariant()
    def no_port_is_held_twice(self) -> None:
        for one in self.cluster.nodes():
            ports = [port for pod in one.pods.values() for port in pod.ask.host_ports]
            assert len(ports) == len(set(ports))


def _pod(name: str, cpu: int, priority: int, port: int) -> PodInfo:
    ports = [{"containerPort": port, "hostPort": port}] if port else []
    container = {"name": "c", "image": "app:1", "resources": {"requests": {"cpu": str(cpu)}}, "ports": ports}
    return info(name, containers=[container], priority=priority)


TestPlacing = Placing.TestCase
TestPlacing.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)


LABELS, KEYS, TAINTS = ("red", "blue"), ("zone", "rack", "kubernetes.io/hostname"), ("gpu", "old")


def _term(label: str, key: str) -> Obj:
    return {"labelSelector": {"matchExpressions": [{"key": label, "operator": "Exists"}]}, "topologyKey": key}


def _constraint(term: Obj, least: int, policy: str) -> Obj:
    return {**term, "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule", "minDomains": least, "nodeTaintsPolicy": policy}


def _spec(selector: Obj, tolerated: list[str], near: list[Obj], far: list[Obj], spread: list[Obj], cpu: int) -> Obj:
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    return {
        "nodeSelector": selector,
        "tolerations": [{"key": key, "operator": "Exists"} for key in tolerated],
        "affinity": {"podAffinity": {required: near}, "podAntiAffinity": {required: far}},
        "topologySpreadConstraints": spread,
        "cpu": str(cpu),
    }


_term_of = st.builds(_term, st.sampled_from(LABELS), st.sampled_from(KEYS))
_spread_of = st.builds(_constraint, _term_of, st.integers(1, 3), st.sampled_from(["Honor", "Ignore"]))
_specs = st.builds(
    _spec,
    st.dictionaries(st.just("zone"), st.sampled_from("ab"), max_size=1),
    st.lists(st.sampled_from(TAINTS), unique=True),
    st.lists(_term_of, max_size=2),
    st.just([]) | st.lists(_term_of, max_size=2),
    st.lists(_spread_of, max_size=2, unique_by=lambda one: one["topologyKey"]),
    st.integers(0, 2),
)
_labels = st.dictionaries(st.sampled_from(LABELS), st.just("yes"))
_places = st.dictionaries(st.sampled_from(KEYS[:2]), st.sampled_from("ab"))
_hosts = st.tuples(st.integers(1, 6), _places, st.lists(st.sampled_from(TAINTS), max_size=1))


@settings(deadline=None, max_examples=150)
@given(
    st.lists(_hosts, min_size=1, max_size=5),
    st.lists(st.tuples(_specs, _labels, st.booleans()), min_size=1, max_size=12),
)
def test_who_is_placed_may_be_there_and_who_is_not_could_be_nowhere(
    hosts: list[tuple[int, dict[str, str], list[str]]], pods: list[tuple[Obj, dict[str, str], bool]]
) -> None:
    scene = Placing()
    for number, (cpu, labels, keys) in enumerate(hosts):
        taints = [{"key": key, "effect": "NoSchedule"} for key in keys]
        scene.cluster.set_node(node(f"n{number}", cpu=str(cpu), labels=dict(labels), taints=taints))
    for number, (spec, labels, stays) in enumerate(pods):
        pod = info(f"p{number}", labels=dict(labels), **spec)
        allowed = {one.name for one in scene.cluster.nodes() if _is_allowed(pod, one, scene.cluster)}
        answer = scene.planner.place(pod, scene.chance, scene.start)
        if isinstance(answer, Unfit):
            assert allowed == set(), answer.message
            continue
        assert answer.node in allowed
        scene.start += answer.asked
        scene.cluster.set_pod(pod, answer.node)
        if not stays:
            scene.cluster.remove_pod(f"uid-p{number // 2}")


def _is_allowed(pod: PodInfo, host: NodeInfo, cluster: Cluster) -> bool:
    ask = pod.ask
    used = sum(one.ask.requests.get("cpu", 0) for one in host.pods.values())
    return (
        used + ask.requests.get("cpu", 0) <= host.allocatable["cpu"]
        and all(host.labels.get(key) == value for key, value in ask.node_selector.items())
        and {taint.key for taint in host.taints} <= {one.key for one in ask.tolerations}
        and plain.affinity_refuses(pod, host, cluster, FixedNamespaces()) is None
        and not plain.spread_refuses(pod, host, cluster)
    )
