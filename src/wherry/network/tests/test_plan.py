"""Routes and masquerade from nodes."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.types.decoding import convert
from wherry.network.plan import NodeFacts, Route, changes, is_on_link, masquerade, wanted_routes


def node(name: str, cidrs: Sequence[str], *addresses: str) -> NodeFacts:
    listed = [{"type": "Hostname", "address": name}, *({"type": "InternalIP", "address": each} for each in addresses)]
    spec = {"podCIDR": cidrs[0], "podCIDRs": list(cidrs)} if cidrs else {}
    return convert(NodeFacts, {"metadata": {"name": name}, "spec": spec, "status": {"addresses": listed}})


ONE = node("one", ["10.42.0.0/24"], "192.0.2.1")
TWO = node("two", ["10.42.1.0/24"], "192.0.2.2")
DUAL = node("dual", ["10.42.2.0/24", "fd00:42:2::/64"], "192.0.2.3", "2001:db8::3")
TO_TWO = Route("10.42.1.0/24", "192.0.2.2")
TO_DUAL = (Route("10.42.2.0/24", "192.0.2.3"), Route("fd00:42:2::/64", "2001:db8::3"))

_WANTED: dict[str, tuple[list[NodeFacts], list[Route]]] = {
    "alone": ([ONE], []),
    "another": ([ONE, TWO], [TO_TWO]),
    "each family by its own address": ([ONE, DUAL], [*TO_DUAL]),
    "no addresses for pods yet": ([ONE, node("new", [], "192.0.2.9")], []),
    "no address of its own yet": ([ONE, node("new", ["10.42.9.0/24"])], []),
    "no address of that family": ([ONE, node("six", ["fd00:42:9::/64"], "192.0.2.9")], []),
    "the first address of several": (
        [node("many", ["10.42.4.0/24"], "192.0.2.4", "192.0.2.5")],
        [Route("10.42.4.0/24", "192.0.2.4")],
    ),
}


@pytest.mark.parametrize("name", _WANTED)
def test_a_route_to_each_other_nodes_pods(name: str) -> None:
    nodes, expected = _WANTED[name]
    assert wanted_routes(nodes, "one") == expected


routes = st.lists(
    st.builds(Route, st.sampled_from(["10.42.1.0/24", "10.42.2.0/24", "10.42.3.0/24"]), st.sampled_from(["a", "b"])),
    unique_by=lambda route: route.destination,
)


@given(routes, routes)
def test_changes_lead_from_what_is_to_what_is_wanted(wanted: list[Route], present: list[Route]) -> None:
    change = changes(wanted, present)
    table = {route.destination: route for route in present}
    for route in change.remove:
        del table[route.destination]
    table |= {route.destination: route for route in change.add}
    assert sorted(table.values()) == sorted(wanted)
    assert not {route.destination for route in change.add} & {route.destination for route in change.remove}


_ANSWERS: dict[str, tuple[list[dict[str, Any]], bool]] = {
    "neighbour": ([{"dst": "192.0.2.2", "dev": "eth0", "prefsrc": "192.0.2.1", "flags": []}], True),
    "behind a router": ([{"dst": "198.51.100.7", "gateway": "192.0.2.254", "dev": "eth0"}], False),
    "ourselves": ([{"type": "local", "dst": "192.0.2.1", "dev": "lo"}], False),
    "nothing": ([], False),
}


@pytest.mark.parametrize("name", _ANSWERS)
def test_a_neighbour_is_reached_without_a_router(name: str) -> None:
    answer, expected = _ANSWERS[name]
    assert is_on_link(answer) is expected


def test_only_what_leaves_the_cluster_is_masqueraded() -> None:
    script = masquerade([ONE, TWO, DUAL], "dual")
    assert "elements = { 10.42.0.0/24, 10.42.1.0/24, 10.42.2.0/24 }" in script
    assert "elements = { fd00:42:2::/64 }" in script
    rules = [line.strip() for line in script.splitlines() if line.endswith(" masquerade")]
    assert rules == [
        "ip saddr 10.42.2.0/24 ip daddr != @pods4 ip daddr != 224.0.0.0/4 masquerade",
        "ip6 saddr fd00:42:2::/64 ip6 daddr != @pods6 ip6 daddr != ff00::/8 masquerade",
    ]


@pytest.mark.skipif(shutil.which("nft", path="/usr/sbin:/usr/bin") is None, reason="needs nft")
@pytest.mark.parametrize("nodes", [[], [ONE], [ONE, TWO, DUAL]], ids=["none", "one", "three"])
def test_nft_understands_it(nodes: list[NodeFacts]) -> None:
    script = masquerade(nodes, "one")
    program = str(shutil.which("nft", path="/usr/sbin:/usr/bin"))
    done = subprocess.run([program, "-c", "-f", "-"], input=script, text=True, capture_output=True, check=False)
    if "Operation not permitted" in done.stderr:
        pytest.skip("nft checks for root alone")
    assert (done.returncode, done.stderr) == (0, "")
