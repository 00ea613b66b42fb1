"""Addresses and ranges in objects."""

from __future__ import annotations

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.meta import addresses
from wherry.api.meta.names import routable_faults

NO_ADDRESS = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
NO_RANGE = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"


@given(st.ip_addresses())
def test_every_address_in_canonical_form_is_accepted(address: addresses.Address) -> None:
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return
    assert addresses.validate_ip(str(address), "f") == []
    assert addresses.warn_of_ip(str(address), "f") == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", NO_ADDRESS),
        ("10.0.0", NO_ADDRESS),
        ("10.0.0.256", NO_ADDRESS),
        ("fe80::1%eth0", NO_ADDRESS),
        ("010.0.0.1", "must not have leading 0s"),
        ("10.0.0.01", "must not have leading 0s"),
        ("::ffff:1.2.3.4", "must not be an IPv4-mapped IPv6 address"),
    ],
)
def test_no_addresses(text: str, why: str) -> None:
    assert [fault.detail for fault in addresses.validate_legacy_ip(text, "f")] == [why]
    assert addresses.validate_legacy_ip(text, "f", [text]) == []


def test_newer_fields_want_the_canonical_form() -> None:
    assert addresses.validate_legacy_ip("2001:DB8::0:1", "f") == []
    faults = addresses.validate_ip("2001:DB8::0:1", "f")
    assert [fault.detail for fault in faults] == ['must be in canonical form ("2001:db8::1")']
    faults = addresses.validate_cidr("2001:DB8::/64", "f")
    assert [fault.detail for fault in faults] == ['must be in canonical form ("2001:db8::/64")']


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("10.0.0.0", NO_RANGE),
        ("10.0.0.0/33", NO_RANGE),
        ("10.0.0.0/x", NO_RANGE),
        ("010.0.0.0/8", "must not have leading 0s in IP or prefix length"),
        ("10.0.0.0/08", "must not have leading 0s in IP or prefix length"),
        ("::ffff:10.0.0.0/104", "must not have an IPv4-mapped IPv6 address"),
        ("10.0.0.1/8", "must not have bits set beyond the prefix length"),
    ],
)
def test_no_ranges(text: str, why: str) -> None:
    assert [fault.detail for fault in addresses.validate_legacy_cidr(text, "f")] == [why]


def test_warnings() -> None:
    assert addresses.warn_of_ip("010.0.0.1", "f") == [
        'f: non-standard IP address "010.0.0.1" is invalid: use "10.0.0.1"'
    ]
    assert addresses.warn_of_ip("::ffff:1.2.3.4", "f") == [
        'f: non-standard IP address "::ffff:1.2.3.4" is invalid: use "1.2.3.4"'
    ]
    assert addresses.warn_of_ip("FE80::1", "f") == [
        'f: IPv6 address "FE80::1" should be in RFC 5952 canonical format ("fe80::1")'
    ]
    assert addresses.warn_of_cidr("10.0.0.1/8", "f") == [
        'f: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)'
    ]
    assert addresses.warn_of_cidr("010.0.0.0/8", "f") == [
        'f: non-standard CIDR value "010.0.0.0/8" is invalid: use "10.0.0.0/8"'
    ]
    assert addresses.warn_of_cidr("FE80::/10", "f") == [
        'f: IPv6 CIDR value "FE80::/10" should be in RFC 5952 canonical format ("fe80::/10")'
    ]


@given(st.ip_addresses(v=4) | st.from_regex(r"[0-9.]{7,15}", fullmatch=True))
def test_nothing_is_wrong_with_an_ordinary_address(address: object) -> None:
    text = str(address)
    if addresses.is_ordinary(text):
        assert addresses.validate_ip(text, "f") == []
        assert not routable_faults(text)


@pytest.mark.parametrize(
    ("text", "is_ordinary"),
    [
        ("10.0.0.1", True),
        ("223.255.255.255", True),
        ("127.0.0.1", False),
        ("12.0.0.1", True),
        ("169.254.0.1", False),
        ("224.0.0.1", False),
        ("0.0.0.0", False),
        ("10.0.0.01", False),
        ("10.0.0.256", False),
        ("10.0.0.1\n", False),
    ],
)
def test_ordinary_addresses(text: str, is_ordinary: bool) -> None:
    assert addresses.is_ordinary(text) is is_ordinary


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("10.0.0.1/8", ""),
        ("2001:db8::1/64", ""),
        ("10.0.0.1", "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)"),
        ("2001:DB8::1/64", 'must be in canonical form ("2001:db8::1/64")'),
        ("::ffff:10.0.0.1/120", 'must be in canonical form ("10.0.0.1/24")'),
    ],
)
def test_addresses_of_interfaces(text: str, wanted: str) -> None:
    assert [fault.detail for fault in addresses.validate_interface_address(text, "f")] == [wanted] * bool(wanted)
