"""What we read of certificates agrees with what the cryptography library reads."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from hypothesis import given, settings
from hypothesis import strategies as st

from wherry.identity import certificates
from wherry.identity.der import decode_pem, read_certificate
from wherry.identity.profiles import Profile, Usage

NOW = 1_900_000_000.0
AUTHORITY = certificates.make_authority("ca", NOW, 1e9)
names = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), min_size=1, max_size=40)


@settings(max_examples=40, deadline=None)
@given(names, st.lists(names, max_size=3), st.lists(st.ip_addresses(), max_size=3), st.sampled_from([1e3, 5e8, 2e9]))
def test_reads_what_was_written(name: str, organizations: list[str], addresses: list[object], lifetime: float) -> None:
    profile = Profile(name, tuple(organizations), (Usage.SERVER,), ("a.example",), tuple(map(str, addresses)))
    leaf = certificates.issue(AUTHORITY, profile, AUTHORITY.key.public_key(), NOW, NOW + lifetime)
    info = read_certificate(leaf.public_bytes(serialization.Encoding.DER))
    assert info.common_name == name
    assert info.organizations == tuple(organizations)
    assert info.dns_names == ("a.example",)
    assert info.addresses == tuple(map(str, addresses))
    assert info.not_before == leaf.not_valid_before_utc.timestamp()
    assert info.not_after == leaf.not_valid_after_utc.timestamp()
    assert info.issuer == AUTHORITY.certificate.subject.public_bytes()
    assert info.serial == leaf.serial_number


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_garbage_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        read_certificate(data)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 400))
def test_a_truncated_certificate_is_a_value_error(length: int) -> None:
    whole = AUTHORITY.certificate.public_bytes(serialization.Encoding.DER)
    with pytest.raises(ValueError):
        read_certificate(whole[: min(length, len(whole) - 1)])


@pytest.mark.parametrize("text", ["", "-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\n*\n-----END X-----"])
def test_pem_without_a_block_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        decode_pem(text)


def test_a_certificate_without_names_reads() -> None:
    info = read_certificate(AUTHORITY.certificate.public_bytes(serialization.Encoding.DER))
    assert info.dns_names == () and info.addresses == ()
    assert isinstance(AUTHORITY.certificate, x509.Certificate)
