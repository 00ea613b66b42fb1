"""Whatever happens in whatever order: no node holds more than it can, and nobody evicts its betters."""

from __future__ import annotations

import random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from wherry.scheduler.cluster import Cluster
from wherry.scheduler.configuration import Configuration, make_profiles
from wherry.scheduler.model import PodInfo
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
