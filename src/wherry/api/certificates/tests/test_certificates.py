"""Requests, bundles and certificates of pods, with real keys."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from wherry.api import Obj
from wherry.api.certificates import certificatesigningrequest as csr
from wherry.api.certificates import clustertrustbundle as bundles
from wherry.api.certificates import pem
from wherry.api.certificates import podcertificaterequest as pcr
from wherry.api.certificates.signername import validate_signer_name
from wherry.api.field import FieldError

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
KEY, OTHER = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)


def _request(key: Any = KEY) -> x509.CertificateSigningRequest:
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return x509.CertificateSigningRequestBuilder().subject_name(NAME).sign(key, algorithm)


def _certificate(
    key: Any = KEY, is_authority: bool = False, hours: int = 24, names: tuple[str, ...] = ()
) -> x509.Certificate:
    builder = x509.CertificateBuilder().subject_name(NAME).issuer_name(NAME).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(BEGIN).not_valid_after(BEGIN + timedelta(hours=hours))
    if is_authority:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
    return builder.sign(KEY, hashes.SHA256())


def _pem(thing: x509.Certificate | x509.CertificateSigningRequest) -> str:
    return thing.public_bytes(Encoding.PEM).decode()


def _base64(text: str | bytes) -> str:
    return b64encode(text.encode() if isinstance(text, str) else text).decode()


def _texts(faults: list[FieldError]) -> list[str]:
    return [str(fault) for fault in faults]


def _asking(**spec: Any) -> Obj:
    rest = {"signerName": "example.com/s", "usages": ["client auth"], "request": _base64(_pem(_request()))}
    return {"metadata": {"name": "x"}, "spec": {**rest, **spec}}


def _condition(kind: str, status: str = "True", reason: str = "R") -> Obj:
    return {"type": kind, "status": status, "reason": reason}


def test_pem_as_go_reads_it() -> None:
    text = b"before\n-----BEGIN A-----\nKey: 1\n\nAAAA\n-----END A-----\n-----BEGIN B-----\n?\n-----END B-----\nx\n"
    assert list(pem.decode(text)) == [("A", True, b"\0\0\0")]
    assert pem.first(b"nothing") is None


@pytest.mark.parametrize(
    ("name", "faults"),
    [
        ("", ["p: Required value"]),
        ("example.com/a.b", []),
        ("example.com", ["must be a fully qualified domain and path of the form 'example.com/signer-name'"]),
        ("example/a", ["should be a domain with at least two segments separated by dots"]),
        ("Ex.com/a", [f'validating label "Ex": {LABEL}']),
    ],
)
def test_signer_names(name: str, faults: list[str]) -> None:
    found = _texts(validate_signer_name(name, "p"))
    assert len(found) == len(faults)
    assert all(text.endswith(fault) for text, fault in zip(found, faults, strict=True))


def test_good_requests() -> None:
    assert not csr.validate_create(_asking())
    assert not csr.validate_create(_asking(request=_base64("x\n" + _pem(_request(OTHER)))))


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ({"request": _base64(_pem(_certificate()))}, "PEM block type must be CERTIFICATE REQUEST"),
        ({"request": "?"}, 'spec.request: Invalid value: "?": PEM block type must be CERTIFICATE REQUEST'),
        ({"usages": []}, "spec.usages: Required value"),
        ({"usages": ["signing", "signing"]}, 'spec.usages[1]: Duplicate value: "signing"'),
        ({"signerName": "kubernetes.io/legacy-unknown"}, "the legacy signerName is not allowed via this API version"),
        ({"expirationSeconds": 599}, "599: may not specify a duration less than 600 seconds (10 minutes)"),
    ],
)
def test_bad_requests(spec: dict[str, Any], fault: str) -> None:
    (text,) = _texts(csr.validate_create(_asking(**spec)))
    assert text.endswith(fault)


def test_unknown_usages_and_damaged_requests() -> None:
    (text,) = _texts(csr.validate_create(_asking(usages=["fun"])))
    assert text.startswith('spec.usages[0]: Unsupported value: "fun": supported values: "any", "cert sign", "client')
    damaged = _request().public_bytes(Encoding.DER)[:-1] + b"\0"
    lines = f"-----BEGIN CERTIFICATE REQUEST-----\n{_base64(damaged)}\n-----END CERTIFICATE REQUEST-----\n"
    assert len(csr.validate_create(_asking(request=_base64(lines)))) == 1


def test_deciding() -> None:
    old = _asking()
    both = {"status": {"conditions": [_condition("Approved"), _condition("Denied", "False")]}}
    request, faults = csr.with_approval(old, both)
    assert request["spec"] == old["spec"]
    assert _texts(faults) == [
        'status.conditions[1].status: Unsupported value: "False": supported values: "True"',
        'status.conditions: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
    ]
    approved, faults = csr.with_approval(old, {"status": {"conditions": [_condition("Approved")]}})
    assert not faults
    _, faults = csr.with_approval(approved, {"status": {}})
    assert _texts(faults) == ['status.conditions: Forbidden: updates may not remove a condition of type "Approved"']


def test_issuing() -> None:
    old = {**_asking(), "status": {"conditions": [_condition("Approved")]}}
    changed = {**old, "status": {"conditions": [_condition("Approved", reason="Mine")], "certificate": "AA=="}}
    csr.prepare_status_update(changed, old)
    assert changed["status"]["conditions"] == old["status"]["conditions"]
    why = "must contain at least one CERTIFICATE PEM block"
    wanted = [f'status.certificate: Invalid value: "<certificate data>": {why}']
    assert _texts(csr.validate_status_update(changed, old)) == wanted
    denied = {**old, "status": {"conditions": [*old["status"]["conditions"], _condition("Denied")]}}
    csr.prepare_status_update(denied, old)
    assert _texts(csr.validate_status_update(denied, old))[-1].endswith('may not add a condition of type "Denied"')
    issued = {**old, "status": {**old["status"], "certificate": _base64(_pem(_certificate()))}}
    assert not csr.validate_status_update(issued, old)
    assert _texts(csr.validate_status_update(changed, issued)) == [
        *wanted,
        "status.certificate: Forbidden: updates may not modify existing certificate content",
    ]


def _bundle(text: str, name: str = "x", signer: str = "") -> Obj:
    return {"metadata": {"name": name}, "spec": {"trustBundle": text, "signerName": signer}}


def test_bundles() -> None:
    good = _pem(_certificate(is_authority=True))
    assert not bundles.validate_create(_bundle("roots\n" + good))
    assert not bundles.validate_create(_bundle(good, "example.com:s:v1", "example.com/s"))
    (text,) = _texts(bundles.validate_create(_bundle(good, "x", "example.com/s")))
    assert text.endswith("ClusterTrustBundle for signerName example.com/s must be named with prefix example.com:s:")
    for text, why in (
        ("", "at least one trust anchor must be provided"),
        (good + good, "duplicate trust anchor (indices [0 1])"),
        (good + _pem(_certificate()), "entry 1 does not have the CA bit set"),
        (_pem(_request()), "entry 0 has bad block type: CERTIFICATE REQUEST"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "entry 0 does not parse as X.509"),
    ):
        wanted = [f'spec.trustBundle: Invalid value: "<value omitted>": {why}']
        assert _texts(bundles.validate_create(_bundle(text))) == wanted
        assert not bundles.validate_update(_bundle(text), _bundle(text)), "what was accepted once is not read again"


def _pod_request(key: Any = KEY, **spec: Any) -> Obj:
    rest = {"podName": "p", "podUID": "1", "serviceAccountName": "s", "serviceAccountUID": "2", "nodeName": "n"}
    more = {"nodeUID": "3", "signerName": "example.com/s", "maxExpirationSeconds": 86400}
    stub = {"stubPKCS10Request": _base64(_request(key).public_bytes(Encoding.DER))}
    return {"metadata": {"name": "x"}, "spec": {**rest, **more, **stub, **spec}}


@pytest.mark.parametrize(
    ("spec", "faults"),
    [
        ({}, []),
        ({"podUID": ""}, ['spec.podUID: Invalid value: "": must not be empty']),
        (
            {"maxExpirationSeconds": 5},
            ["spec.maxExpirationSeconds: Invalid value: 5: must be in the range [3600, 7862400]"],
        ),
        ({"stubPKCS10Request": "AAAA"}, ["spec.stubPKCS10Request: Invalid value: must be a valid PKCS#10 CSR"]),
        (
            {"stubPKCS10Request": ""},
            ["exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set"],
        ),
        (
            {"unverifiedUserAnnotations": {"a": "b"}},
            ['"a": must be a domain-prefixed key (such as "acme.io/foo")'],
        ),
    ],
)
def test_pods_requests(spec: dict[str, Any], faults: list[str]) -> None:
    found = _texts(pcr.validate_create(_pod_request(**spec)))
    assert len(found) == len(faults)
    assert all(text.endswith(fault) for text, fault in zip(found, faults, strict=True))


def test_weak_keys() -> None:
    (text,) = _texts(pcr.validate_create(_pod_request(rsa.generate_private_key(65537, 2048))))
    assert text.endswith('"2048-bit modulus": RSA keys must have modulus size 3072 or 4096')


def _finished(kind: str, **status: Any) -> Obj:
    time = "2026-01-01T00:00:00Z"
    condition = {**_condition(kind), "message": "", "lastTransitionTime": time}
    return {**_pod_request(), "status": {"conditions": [condition], **status}}


def _issued(certificate: x509.Certificate, **status: Any) -> Obj:
    times = {"notBefore": "2026-01-01T00:00:00Z", "notAfter": "2026-01-02T00:00:00Z"}
    refresh = {"beginRefreshAt": "2026-01-01T12:00:00Z"}
    return _finished("Issued", **{"certificateChain": _pem(certificate), **times, **refresh, **status})


def test_pods_certificates() -> None:
    old = _pod_request()
    good = _issued(_certificate())
    assert not pcr.validate_status_update(good, old)
    assert not pcr.validate_status_update(_finished("Denied"), old)
    for new, before, fault in (
        (_finished("Denied", notBefore="2026-01-01T00:00:00Z"), old, "non-condition status fields must be empty when"),
        ({**old, "status": {"notBefore": "x"}}, old, 'unless transitioning to "Issued", "Denied", or "Failed"'),
        (_finished("Denied"), good, "immutable after PodCertificateRequest is issued, denied, or failed"),
        (_finished("Odd"), old, 'Unsupported value: "Odd": supported values: "Issued", "Denied", "Failed"'),
        (_issued(_certificate(OTHER)), old, "leaf certificate was not issued to the requested public key"),
        (_issued(_certificate(names=(".a",))), old, "leaf certificate's DNSName should not start or end with '.'"),
        (_issued(_certificate(hours=25)), old, "must be set to the NotAfter time encoded in the leaf certificate"),
        (_issued(_certificate(), beginRefreshAt="2026-01-01T00:09:00Z"), old, "at least 10 minutes after status.not"),
        (
            _issued(_certificate(hours=25), notAfter="2026-01-02T01:00:00Z"),
            old,
            "90000000000000: leaf certificate lifetime must be <= spec.maxExpirationSeconds (86400)",
        ),
        (_issued(_certificate(), beginRefreshAt=None), old, "beginRefreshAt: Required value"),
    ):
        (text,) = _texts(pcr.validate_status_update(new, before))
        assert fault in text
