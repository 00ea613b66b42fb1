"""What Services get, step by step through the API in process."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from wherry.api.core.service import SERVICES
from wherry.api.errors import AlreadyExists, ApiError, Invalid
from wherry.api.networking.ipaddress import IPADDRESSES
from wherry.api.networking.servicecidr import SERVICECIDRS
from wherry.apiserver.access import ROOT
from wherry.apiserver.allocation.tests.planes import DUAL, changed, made, opened, service
from wherry.apiserver.api import Api
from wherry.apiserver.core import Call
from wherry.apiserver.verbs.create import create
from wherry.store.memory import MemoryStore

UPPER = ip_address("10.43.1.1")


async def test_a_new_service_gets_an_address_of_the_upper_band() -> None:
    async with opened() as api:
        spec = await made(api)
        assert spec["clusterIPs"] == [spec["clusterIP"]]
        assert ip_address(spec["clusterIP"]) in ip_network("10.43.0.0/16")
        assert int(ip_address(spec["clusterIP"])) >= int(UPPER)
        assert (spec["ipFamilies"], spec["ipFamilyPolicy"]) == (["IPv4"], "SingleStack")


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ("10.43.0.10", "failed to allocate IP 10.43.0.10: provided IP is already allocated"),
        ("10.99.0.1", "failed to allocate IP 10.99.0.1: the provided network does not match the current range"),
        ("10.43.0.0", "failed to allocate IP 10.43.0.0: the provided network does not match the current range"),
        ("10.43.255.255", "failed to allocate IP 10.43.255.255: the provided network does not match the current range"),
    ],
)
async def test_addresses_that_cannot_be_had(wanted: str, why: str) -> None:
    async with opened() as api:
        await made(api, "dns", clusterIP="10.43.0.10")
        with pytest.raises(Invalid) as caught:
            await made(api, clusterIP=wanted)
        assert caught.value.message == f'Service "web" is invalid: spec.clusterIPs: Invalid value: ["{wanted}"]: {why}'


async def test_an_address_is_free_as_soon_as_its_service_is_gone() -> None:
    async with opened() as api:
        await made(api, clusterIP="10.43.0.10")
        await api.client().delete(SERVICES, "web", "default")
        assert (await made(api, "next", clusterIP="10.43.0.10"))["clusterIP"] == "10.43.0.10"


async def test_a_dry_run_keeps_nothing() -> None:
    async with opened("10.0.0.0/30") as api:
        for _ in range(4):
            shown = await create(api.core, Call(ROOT, dry_run=True), SERVICES, "default", service())
            assert shown.decoded()["spec"]["clusterIP"] in ("10.0.0.1", "10.0.0.2")


async def test_a_refused_service_keeps_nothing() -> None:
    async with opened("10.0.0.0/30") as api:
        for _ in range(4):
            with pytest.raises(Invalid):
                await made(api, "web", trafficDistribution="Everywhere")
        await made(api, "one")
        await made(api, "two")
        with pytest.raises(ApiError, match="failed to allocate a serviceIP: range is full"):
            await made(api, "three")


async def test_applying_without_addresses_keeps_them() -> None:
    async with opened() as api:
        spec = await made(api, type="LoadBalancer", externalTrafficPolicy="Local")
        again = await changed(api, type="LoadBalancer", externalTrafficPolicy="Local", ports=[{"port": 81}])
        assert again["clusterIPs"] == spec["clusterIPs"]
        assert again["ports"][0]["nodePort"] == spec["ports"][0]["nodePort"]
        assert again["healthCheckNodePort"] == spec["healthCheckNodePort"]
        assert spec["healthCheckNodePort"] != spec["ports"][0]["nodePort"]


async def test_the_way_of_a_service_through_all_types() -> None:
    async with opened() as api:
        first = await made(api)
        node = await changed(api, type="NodePort")
        number = node["ports"][0]["nodePort"]
        assert node["clusterIP"] == first["clusterIP"]
        assert 30086 <= number <= 32767
        balanced = await changed(api, type="LoadBalancer")
        assert balanced["ports"][0]["nodePort"] == number
        plain = await changed(api, **{**balanced, "type": "ClusterIP"})
        assert "nodePort" not in plain["ports"][0]
        assert not plain.keys() & {"allocateLoadBalancerNodePorts", "externalTrafficPolicy"}
        await made(api, "other", type="NodePort", ports=[{"port": 80, "nodePort": number}])
        name = await changed(api, **{**plain, "type": "ExternalName", "externalName": "example.com"})
        assert not name.keys() & {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"}
        await made(api, "third", clusterIP=first["clusterIP"])
        back = await changed(api)
        assert back["clusterIP"] not in (first["clusterIP"], None)


async def test_ports_of_one_number_share_their_node_port() -> None:
    async with opened() as api:
        dns = [{"name": "a", "port": 53, "protocol": "UDP"}, {"name": "b", "port": 53, "protocol": "TCP"}]
        ports = (await made(api, "dns", type="NodePort", ports=dns))["ports"]
        assert ports[0]["nodePort"] == ports[1]["nodePort"]
        asked = [dns[0], {**dns[1], "nodePort": 30053}]
        ports = (await made(api, "more", type="NodePort", ports=asked))["ports"]
        assert [port["nodePort"] for port in ports] == [30053, 30053]
        with pytest.raises(Invalid, match=r"spec.ports\[0\].nodePort: Invalid value: 30053: provided port is already"):
            await made(api, type="NodePort", ports=[{"port": 1, "nodePort": 30053, "protocol": "SCTP"}])
        with pytest.raises(Invalid, match="The range of valid ports is 30000-32767"):
            await made(api, type="NodePort", ports=[{"port": 1, "nodePort": 80}])


async def test_node_ports_can_be_done_without() -> None:
    async with opened() as api:
        spec = await made(api, type="LoadBalancer", allocateLoadBalancerNodePorts=False)
        assert "nodePort" not in spec["ports"][0]


async def test_a_health_check_port_can_be_asked_for() -> None:
    local: dict[str, Any] = {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "healthCheckNodePort": 30999}
    async with opened() as api:
        assert (await made(api, **local))["healthCheckNodePort"] == 30999
        with pytest.raises(ApiError) as caught:
            await made(api, "other", **local)
        why = "failed to allocate requested HealthCheck NodePort 30999: provided port is already allocated"
        assert caught.value.message == f"Internal error occurred: {why}"
        await changed(api, type="LoadBalancer")
        await made(api, "other", **local)


async def test_headless_services_get_families_alone() -> None:
    async with opened() as api:
        chosen = await made(api, "chosen", clusterIP="None")
        assert (chosen["clusterIPs"], chosen["ipFamilies"], chosen["ipFamilyPolicy"]) == (
            ["None"],
            ["IPv4"],
            "SingleStack",
        )
        free = await made(api, "free", clusterIP="None", selector={})
        assert (free["ipFamilies"], free["ipFamilyPolicy"]) == (["IPv4", "IPv6"], "RequireDualStack")


@pytest.mark.parametrize(
    ("spec", "families", "policy"),
    [
        ({}, ["IPv4"], "SingleStack"),
        ({"ipFamilyPolicy": "PreferDualStack"}, ["IPv4", "IPv6"], "PreferDualStack"),
        ({"ipFamilyPolicy": "RequireDualStack", "ipFamilies": ["IPv6"]}, ["IPv6", "IPv4"], "RequireDualStack"),
        ({"ipFamilies": ["IPv6"]}, ["IPv6"], "SingleStack"),
        ({"clusterIP": "fd00:43::5"}, ["IPv6"], "SingleStack"),
    ],
    ids=str,
)
async def test_two_families(spec: Any, families: list[str], policy: str) -> None:
    async with opened(*DUAL) as api:
        found = await made(api, **spec)
        assert (found["ipFamilies"], found["ipFamilyPolicy"]) == (families, policy)
        assert ["IPv6" if ":" in address else "IPv4" for address in found["clusterIPs"]] == families


async def test_a_second_family_comes_and_goes_by_the_policy() -> None:
    async with opened(*DUAL) as api:
        first = (await made(api))["clusterIPs"]
        both = await changed(api, ipFamilyPolicy="RequireDualStack")
        assert both["clusterIPs"][:1] == first
        assert len(both["clusterIPs"]) == 2
        single = await changed(api, **{**both, "ipFamilyPolicy": "SingleStack"})
        assert (single["clusterIPs"], single["ipFamilies"]) == (first, ["IPv4"])
        await made(api, "other", clusterIP=both["clusterIPs"][1])


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        (
            {"ipFamilyPolicy": "RequireDualStack"},
            (
                'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": '
                "this cluster is not configured for dual-stack services"
            ),
        ),
        ({"ipFamilies": ["IPv6"]}, 'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster'),
        (
            {"clusterIP": "fd00::1"},
            'spec.clusterIPs[0]: Invalid value: ["fd00::1"]: IPv6 is not configured on this cluster',
        ),
        (
            {"ipFamilies": ["IPv4", "IPv6"]},
            (
                'spec.ipFamilyPolicy: Invalid value: "SingleStack": '
                "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified"
            ),
        ),
    ],
    ids=lambda value: "" if isinstance(value, str) else str(value),
)
async def test_families_that_the_cluster_does_not_have(spec: Any, why: str) -> None:
    async with opened() as api:
        with pytest.raises(Invalid) as caught:
            await made(api, **spec)
        assert caught.value.message == f'Service "web" is invalid: {why}'


async def test_an_address_that_was_given_out_stays() -> None:
    async with opened() as api:
        first = (await made(api))["clusterIP"]
        with pytest.raises(Invalid) as caught:
            await changed(api, clusterIP="10.43.0.77")
        assert caught.value.message == (
            'Service "web" is invalid: spec.clusterIPs[0]: Invalid value: ["10.43.0.77"]: may not change once set'
        )
        await made(api, "other", clusterIP="10.43.0.77")
        assert (await changed(api, clusterIP=""))["clusterIP"] == first


async def test_what_is_stored_is_known_after_a_restart() -> None:
    store = MemoryStore()
    async with opened("10.0.0.0/30", store=store) as api:
        await made(api, "one")
    async with opened("10.0.0.0/30", store=store) as api:
        await made(api, "two")
        with pytest.raises(ApiError, match="range is full"):
            await made(api, "three")


async def test_addresses_that_others_hold_are_respected() -> None:
    async with opened() as api:
        await api.client().create(IPADDRESSES, _address("10.43.0.20"))
        with pytest.raises(Invalid, match="provided IP is already allocated"):
            await made(api, clusterIP="10.43.0.20")
        await made(api, clusterIP="10.43.0.21")
        with pytest.raises(AlreadyExists):
            await api.client().create(IPADDRESSES, _address("10.43.0.21"))
        await api.client().delete(IPADDRESSES, "10.43.0.20")
        await made(api, "other", clusterIP="10.43.0.20")


def _address(name: str) -> dict[str, Any]:
    parent = {"group": "gateway.networking.k8s.io", "resource": "gateways", "name": "g", "namespace": "default"}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IPAddress",
        "metadata": {"name": name},
        "spec": {"parentRef": parent},
    }


async def test_further_ranges_extend_the_first() -> None:
    async with opened("10.0.0.0/30") as api:
        await made(api, "one")
        await made(api, "two")
        extra = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "ServiceCIDR",
            "metadata": {"name": "extra"},
            "spec": {"cidrs": ["10.9.0.0/24"]},
        }
        await api.client().create(SERVICECIDRS, extra)
        with pytest.raises(ApiError, match="range is full"):
            await made(api, "three")
        await _set_ready(api, "extra")
        assert ip_address((await made(api, "three"))["clusterIP"]) in ip_network("10.9.0.0/24")


async def _set_ready(api: Api, name: str) -> None:
    conditions = [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z", "reason": ""}]
    await api.client().patch(SERVICECIDRS, name, {"status": {"conditions": conditions}}, subresource="status")
