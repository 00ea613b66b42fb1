"""Whatever happens to Services, no two of them have the same number, and every number that none has can be had."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from ipaddress import ip_address
from typing import Any, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from wherry.api import Obj
from wherry.api.core.service import SERVICES
from wherry.api.core.servicespec.needs import IPV4, IPV6, family_of
from wherry.api.errors import ApiError
from wherry.api.networking.ipaddress import IPADDRESSES
from wherry.apiserver.access import ROOT
from wherry.apiserver.allocation.ports import held_ports
from wherry.apiserver.allocation.services import ServiceAllocator
from wherry.apiserver.allocation.tests.planes import opened, service
from wherry.apiserver.core import Call
from wherry.apiserver.verbs.create import create
from wherry.store.memory import MemoryStore

FIRST_PORT, LAST_PORT = 30000, 30005
ADDRESSES = {IPV4: [f"10.0.0.{n}" for n in range(1, 7)], IPV6: [f"fd00::{n:x}" for n in range(1, 8)]}

names = st.sampled_from(["a", "b", "c", "d", "e"])
ports = st.lists(
    st.fixed_dictionaries(
        {"port": st.sampled_from([80, 81, 82]), "protocol": st.sampled_from(["TCP", "UDP"])},
        optional={"nodePort": st.integers(FIRST_PORT - 1, LAST_PORT)},
    ),
    min_size=1,
    max_size=3,
).map(lambda found: [{**port, "name": f"p{index}"} for index, port in enumerate(found)])
specs = st.fixed_dictionaries(
    {"type": st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]), "ports": ports},
    optional={
        "clusterIP": st.sampled_from(["None", "10.9.9.9", "", *ADDRESSES[IPV4], *ADDRESSES[IPV6][:2]]),
        "ipFamilyPolicy": st.sampled_from(["SingleStack", "PreferDualStack", "RequireDualStack"]),
        "externalTrafficPolicy": st.sampled_from(["Cluster", "Local"]),
        "externalName": st.just("example.com"),
        "allocateLoadBalancerNodePorts": st.booleans(),
    },
)
plain = st.sampled_from(["ClusterIP", "NodePort"]).map(lambda kind: {"type": kind})
turns = st.integers(0, 12)


class Allocation(RuleBasedStateMachine):
    """Services come, change and go by themselves, at the same time, in vain, and while the server stops."""

    @initialize(seed=st.integers(0, 999))
    def begin(self, seed: int) -> None:
        self.seed = seed
        self.runner = asyncio.Runner()
        self.store = MemoryStore()
        self.run(self._open())

    def run(self, what: Any) -> Any:
        async def settled() -> Any:
            found = await what
            for _ in range(30):
                await asyncio.sleep(0)
            return found

        return self.runner.run(settled())

    async def _open(self) -> None:
        ranges, ports = ("10.0.0.0/29", "fd00::/125"), (FIRST_PORT, LAST_PORT)
        self.opening = opened(*ranges, store=self.store, ports=ports, seed=self.seed)
        self.api = await self.opening.__aenter__()

    async def _restart(self) -> None:
        await self.opening.__aexit__(None, None, None)
        await self._open()

    async def _create(self, name: str, spec: Obj, dry_run: bool = False) -> None:
        with suppress(ApiError):
            await create(self.api.core, Call(ROOT, dry_run=dry_run), SERVICES, "default", service(name, **spec))

    async def _update(self, name: str, spec: Obj, keeps: bool) -> None:
        with suppress(ApiError):
            obj = await self.api.client().get(SERVICES, name, "default")
            obj["spec"] = {**(obj["spec"] if keeps else {}), **spec}
            await self.api.client().update(SERVICES, obj)

    async def _cut_short(self, what: Any, turns: int) -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(what)
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()

    @rule(name=names, spec=plain | specs)
    def create(self, name: str, spec: Obj) -> None:
        self.run(self._create(name, spec))

    @rule(name=names, spec=specs)
    def pretend(self, name: str, spec: Obj) -> None:
        self.run(self._create(name, spec, dry_run=True))

    @rule(name=names, spec=specs, keeps=st.booleans())
    def update(self, name: str, spec: Obj, keeps: bool) -> None:
        self.run(self._update(name, spec, keeps))

    @rule(name=names, spec=specs, turns=turns, is_new=st.booleans())
    def give_up(self, name: str, spec: Obj, turns: int, is_new: bool) -> None:
        what = self._create(name, spec) if is_new else self._update(name, spec, True)
        self.run(self._cut_short(what, turns))

    @rule(wanted=st.lists(st.tuples(names, plain | specs), min_size=2, max_size=4, unique_by=lambda each: each[0]))
    def create_at_once(self, wanted: list[tuple[str, Obj]]) -> None:
        async def all_at_once() -> None:
            await asyncio.gather(*(self._create(name, spec) for name, spec in wanted))

        self.run(all_at_once())

    @rule(name=names)
    def delete(self, name: str) -> None:
        async def delete() -> None:
            with suppress(ApiError):
                await self.api.client().delete(SERVICES, name, "default")

        self.run(delete())

    @rule(address=st.sampled_from(ADDRESSES[IPV4]), is_kept=st.booleans())
    def reserve(self, address: str, is_kept: bool) -> None:
        """Somebody takes an address without a Service, or gives it back."""

        async def reserve() -> None:
            parent = {"resource": "things", "name": "t"}
            obj: Obj = {"metadata": {"name": address}, "spec": {"parentRef": parent}}
            obj |= {"apiVersion": "networking.k8s.io/v1", "kind": "IPAddress"}
            with suppress(ApiError):
                if is_kept:
                    await self.api.client().create(IPADDRESSES, obj)
                else:
                    await self.api.client().delete(IPADDRESSES, address)

        self.run(reserve())

    @rule()
    def restart(self) -> None:
        self.run(self._restart())

    @invariant()
    def check(self) -> None:
        if not hasattr(self, "runner"):
            return

        async def stored() -> list[Obj]:
            services = [obj["spec"] for obj in (await self.api.client().list(SERVICES)).items]
            self.reserved = {obj["metadata"]["name"] for obj in (await self.api.client().list(IPADDRESSES)).items}
            return services

        services = self.run(stored())
        allocator = cast(ServiceAllocator, cast(Any, self.api.core.allocators[SERVICES]).__self__)
        addresses = Counter(a for spec in services for a in spec.get("clusterIPs") or () if a != "None")
        node_ports = Counter(port for spec in services for port in held_ports(spec))
        assert not addresses or max(addresses.values()) == 1
        assert not node_ports or max(node_ports.values()) == 1
        assert not addresses.keys() & self.reserved
        for spec in services:
            families = [family_of(address) for address in spec.get("clusterIPs") or () if address != "None"]
            assert families == (spec.get("ipFamilies") or [])[: len(families)]
        allocator.allocators()[SERVICES]()
        for family, known in ADDRESSES.items():
            taken = {a for a in known if not allocator.pools[family].is_free(int(ip_address(a)))}
            assert taken == {a for a in addresses if family_of(a) == family}
        held = {n for n in range(FIRST_PORT, LAST_PORT + 1) if not allocator.ports.pool.is_free(n)}
        assert held == set(node_ports)

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.run(self.opening.__aexit__(None, None, None))
            self.runner.close()


TestAllocation = Allocation.TestCase
TestAllocation.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
