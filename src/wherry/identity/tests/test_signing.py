"""Which requests are signed, by whom, and what comes out."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from wherry.identity import certificates, signing
from wherry.identity.der import decode_pem, read_certificate
from wherry.identity.profiles import Profile, node_client, node_server
from wherry.identity.signers import API_SERVER_CLIENT, KUBELET_CLIENT, KUBELET_SERVING

NOW = 1_900_000_000.0
KEY = certificates.make_key()
AUTHORITY = certificates.make_authority("ca", NOW, 1e9)
CLIENT = ("client auth", "digital signature")
SERVER = ("server auth", "digital signature", "key encipherment")
NODE = node_client("n1")
SERVING = node_server("n1", ("10.0.0.1",))


def asked(profile: Profile) -> signing.SigningRequest:
    return signing.parse_request(certificates.make_request(profile, KEY))


def test_a_request_says_what_was_put_into_it() -> None:
    request = asked(SERVING)
    assert request.profile.common_name == "system:node:n1"
    assert request.profile.organizations == ("system:nodes",)
    assert request.profile.dns_names == SERVING.dns_names
    assert request.profile.addresses == SERVING.addresses


@pytest.mark.parametrize(
    ("signer", "profile", "usages", "why"),
    [
        (API_SERVER_CLIENT, Profile("bob", ("dev",)), ("client auth",), ""),
        (API_SERVER_CLIENT, Profile("bob"), ("server auth",), "usages did not match"),
        (KUBELET_CLIENT, NODE, CLIENT, ""),
        (KUBELET_CLIENT, NODE, (*CLIENT, "key encipherment"), ""),
        (KUBELET_CLIENT, NODE, ("client auth",), "usages did not match"),
        (KUBELET_CLIENT, NODE, (*CLIENT, "server auth"), "usages did not match"),
        (
            KUBELET_CLIENT,
            Profile("n1", ("system:nodes",)),
            CLIENT,
            "common name does not begin with system:node:",
        ),
        (KUBELET_CLIENT, Profile("system:node:n1"), CLIENT, "subject organization is not system:nodes"),
        (
            KUBELET_CLIENT,
            Profile("system:node:n1", ("system:nodes", "system:masters")),
            CLIENT,
            "subject organization is not system:nodes",
        ),
        (KUBELET_CLIENT, SERVING, CLIENT, "DNS and IP subjectAltNames are not allowed"),
        (KUBELET_SERVING, SERVING, SERVER, ""),
        (KUBELET_SERVING, NODE, SERVER, "at least one DNS or IP subjectAltName is required"),
        (KUBELET_SERVING, SERVING, CLIENT, "usages did not match"),
        ("example.com/mine", NODE, CLIENT, "example.com/mine is not one of ours"),
    ],
)
def test_what_each_signer_signs(signer: str, profile: Profile, usages: tuple[str, ...], why: str) -> None:
    assert signing.refusal(signer, asked(profile), usages).removeprefix("subject ") == why.removeprefix("subject ")


@pytest.mark.parametrize(
    ("seconds", "lifetime"), [(None, signing.YEAR_SECONDS), (3600, 3600), (10, 600), (1e12, signing.YEAR_SECONDS)]
)
def test_how_long_it_lasts(seconds: float | None, lifetime: float) -> None:
    pem = signing.sign(AUTHORITY, certificates.make_request(SERVING, KEY), SERVER, NOW, seconds)
    info = read_certificate(decode_pem(pem.decode()))
    assert info.not_after == NOW + lifetime
    assert info.common_name == "system:node:n1" and "10.0.0.1" in info.addresses
    certificate = certificates.parse_certificate(pem)
    assert certificates.is_issued_by(certificate, AUTHORITY.certificate)
    assert certificates.is_pair(certificate, KEY)
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]


@pytest.mark.parametrize(
    "pem", [b"", b"x", b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"]
)
def test_what_is_no_request(pem: bytes) -> None:
    with pytest.raises(ValueError, match="not a certificate signing request"):
        signing.parse_request(pem)
