"""Which number comes next, and where the bands lie (the table is upstream's, of KEP-3070 and KEP-3668)."""

from __future__ import annotations

import random
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.apiserver.allocation.spans import Span, address_span, port_span


@pytest.mark.parametrize(
    ("cidr", "first", "last", "fixed"),
    [
        ("10.43.0.0/16", "10.43.0.1", "10.43.255.254", 256),
        ("10.0.0.0/24", "10.0.0.1", "10.0.0.254", 16),
        ("10.0.0.0/26", "10.0.0.1", "10.0.0.62", 16),
        ("10.0.0.0/28", "10.0.0.1", "10.0.0.14", 0),
        ("10.0.0.0/20", "10.0.0.1", "10.0.15.254", 256),
        ("fd00::/112", "fd00::1", "fd00::ffff", 256),
    ],
)
def test_the_bands_of_networks(cidr: str, first: str, last: str, fixed: int) -> None:
    span = address_span(ip_network(cidr))
    assert span == Span(int(ip_network(first)[0]), int(ip_network(last)[0]), fixed)


@pytest.mark.parametrize(
    ("first", "last", "fixed"), [(30000, 32767, 86), (30000, 30015, 0), (30000, 30100, 16), (30000, 40000, 128)]
)
def test_the_bands_of_ports(first: int, last: int, fixed: int) -> None:
    assert port_span(first, last).fixed == fixed


@given(st.sets(st.integers(0, 40)), st.integers(0, 20), st.randoms(use_true_random=False))
def test_a_free_number_of_the_upper_band_is_found_first(taken: set[int], fixed: int, chance: random.Random) -> None:
    span = Span(0, 30, fixed)
    free = {n for n in range(31) if n not in taken}
    upper = {n for n in free if n >= fixed}
    found = span.find(lambda n: n not in taken, chance)
    assert found is None if not free else found in (upper or free)
