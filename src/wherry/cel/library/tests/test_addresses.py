"""Addresses and networks: what Go's netip takes, says and writes; Python's `ipaddress` is the oracle for the rest."""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.cel.library.addresses import IP, parse_cidr, parse_ip

_FAULTS = {
    "": "unable to parse IP",
    "localhost": "unable to parse IP",
    "%eth0": "missing IPv6 address",
    "1.2.3": "IPv4 address too short",
    "1.2.3.4.5": "IPv4 address too long",
    "1.2.3.256": "IPv4 field has value >255",
    "1.2.3.04": "IPv4 field has octet with leading zero",
    "1..2.3": 'IPv4 field must have at least one digit (at ".2.3")',
    ".1.2.3": 'IPv4 field must have at least one digit (at ".1.2.3")',
    "1.2.3.": 'IPv4 field must have at least one digit (at ".")',
    "1.2.3.x": 'unexpected character (at "x")',
    ":::1": 'each colon-separated field must have at least one digit (at ":1")',
    "::1%": "zone must be a non-empty string",
    "1:2:3": "address string too short",
    "1:2:3:4:5:6:7:8:9": 'trailing garbage after address (at "9")',
    "12345::": 'each group must have 4 or less digits (at "12345::")',
    "1::2::3": 'multiple :: in address (at ":3")',
    "1:2:": 'colon must be followed by more characters (at ":")',
    "1:2:x": 'each colon-separated field must have at least one digit (at "x")',
    "1::x": 'each colon-separated field must have at least one digit (at "x")',
    "1:2x:3": 'unexpected character, want colon (at "x:3")',
    "1:2:3:4:5:6:7::8": "the :: must expand to at least one field of zeros",
    "1:1.2.3.4": 'embedded IPv4 address must replace the final 2 fields of the address (at "1.2.3.4")',
    "::1.2.3.256": r'ParseAddr("1.2.3.256"): IPv4 field has value >255 (at "1.2.3.256")',
}


@pytest.mark.parametrize(("text", "message"), _FAULTS.items(), ids=list(_FAULTS))
def test_faults_of_addresses(text: str, message: str) -> None:
    with pytest.raises(ValueError) as fault:
        parse_ip(text)
    assert str(fault.value) == (
        f'IP Address "{text}" parse error during conversion from string: ParseAddr("{text}"): {message}'
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fe80::1%eth0", 'IP address "fe80::1%eth0" with zone value is not allowed'),
        ("::ffff:1.2.3.4", 'IPv4-mapped IPv6 address "::ffff:1.2.3.4" is not allowed'),
    ],
)
def test_addresses_that_kubernetes_refuses(text: str, message: str) -> None:
    with pytest.raises(ValueError) as fault:
        parse_ip(text)
    assert str(fault.value) == message


_NETWORK_FAULTS = {
    "10.0.0.0": "no '/'",
    "10.0.0.0/": 'bad bits after slash: ""',
    "10.0.0.0/08": 'bad bits after slash: "08"',
    "10.0.0.0/x": 'bad bits after slash: "x"',
    "10.0.0.0/-1": 'bad bits after slash: "-1"',
    "10.0.0.0/33": "prefix length out of range",
    "::/129": "prefix length out of range",
    "fe80::1%a/64": "IPv6 zones cannot be present in a prefix",
    "10.0.0/8": 'ParseAddr("10.0.0"): IPv4 address too short',
}


@pytest.mark.parametrize(("text", "message"), _NETWORK_FAULTS.items(), ids=list(_NETWORK_FAULTS))
def test_faults_of_networks(text: str, message: str) -> None:
    with pytest.raises(ValueError) as fault:
        parse_cidr(text)
    start = "network address parse error during conversion from string: netip.ParsePrefix"
    assert str(fault.value) == f'{start}("{text}"): {message}'


@given(st.ip_addresses())
def test_addresses_are_read_and_written_as_ipaddress_does(address: IPv4Address | IPv6Address) -> None:
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return
    ip = parse_ip(str(address))
    assert (ip.family, ip.number) == (address.version, int(address))
    assert str(ip) == str(address)
    assert parse_ip(address.exploded) == ip


@given(st.text(":.0123abF%/", max_size=20))
def test_what_is_taken_is_what_ipaddress_takes(text: str) -> None:
    try:
        theirs = ipaddress.ip_address(text)
    except ValueError:
        with pytest.raises(ValueError):
            parse_ip(text)
        return
    refused = isinstance(theirs, IPv6Address) and (theirs.ipv4_mapped is not None or theirs.scope_id is not None)
    if refused:
        with pytest.raises(ValueError):
            parse_ip(text)
    else:
        assert parse_ip(text) == IP(theirs.version, int(theirs))


@given(st.ip_addresses(), st.data())
def test_networks_contain_what_ipaddress_says(address: IPv4Address | IPv6Address, data: st.DataObject) -> None:
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return
    length = data.draw(st.integers(0, address.max_prefixlen))
    other = data.draw(st.ip_addresses(v=address.version))
    if isinstance(other, IPv6Address) and other.ipv4_mapped:
        return
    network = parse_cidr(f"{address}/{length}")
    theirs = ipaddress.ip_network(f"{address}/{length}", strict=False)
    assert str(network.masked()) == str(theirs)
    assert network.contains(parse_ip(str(other))) is (other in theirs)
    assert network.contains(parse_ip(str(theirs.network_address)))
