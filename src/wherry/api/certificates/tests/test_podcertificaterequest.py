"""Certificates of pods."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from wherry.api import Obj
from wherry.api.certificates import podcertificaterequest as pcr
from wherry.api.certificates.tests.making import KEY, OTHER, as_base64, as_pem, certificate, request, texts


def _condition(kind: str, status: str = "True", reason: str = "R") -> Obj:
    return {"type": kind, "status": status, "reason": reason}


def _pod_request(key: Any = KEY, **spec: Any) -> Obj:
    rest = {"podName": "p", "podUID": "1", "serviceAccountName": "s", "serviceAccountUID": "2", "nodeName": "n"}
    more = {"nodeUID": "3", "signerName": "example.com/s", "maxExpirationSeconds": 86400}
    stub = {"stubPKCS10Request": as_base64(request(key).public_bytes(Encoding.DER))}
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
    found = texts(pcr.validate_create(_pod_request(**spec)))
    assert len(found) == len(faults)
    assert all(text.endswith(fault) for text, fault in zip(found, faults, strict=True))


def test_weak_keys() -> None:
    (text,) = texts(pcr.validate_create(_pod_request(rsa.generate_private_key(65537, 2048))))
    assert text.endswith('"2048-bit modulus": RSA keys must have modulus size 3072 or 4096')


def _finished(kind: str, **status: Any) -> Obj:
    time = "2026-01-01T00:00:00Z"
    condition = {**_condition(kind), "message": "", "lastTransitionTime": time}
    return {**_pod_request(), "status": {"conditions": [condition], **status}}


def _issued(certificate: x509.Certificate, **status: Any) -> Obj:
    times = {"notBefore": "2026-01-01T00:00:00Z", "notAfter": "2026-01-02T00:00:00Z"}
    refresh = {"beginRefreshAt": "2026-01-01T12:00:00Z"}
    return _finished("Issued", **{"certificateChain": as_pem(certificate), **times, **refresh, **status})


def test_pods_certificates() -> None:
    old = _pod_request()
    good = _issued(certificate())
    assert not pcr.validate_status_update(good, old)
    assert not pcr.validate_status_update(_finished("Denied"), old)
    for new, before, fault in (
        (_finished("Denied", notBefore="2026-01-01T00:00:00Z"), old, "non-condition status fields must be empty when"),
        ({**old, "status": {"notBefore": "x"}}, old, 'unless transitioning to "Issued", "Denied", or "Failed"'),
        (_finished("Denied"), good, "immutable after PodCertificateRequest is issued, denied, or failed"),
        (_finished("Odd"), old, 'Unsupported value: "Odd": supported values: "Issued", "Denied", "Failed"'),
        (_issued(certificate(OTHER)), old, "leaf certificate was not issued to the requested public key"),
        (_issued(certificate(names=(".a",))), old, "leaf certificate's DNSName should not start or end with '.'"),
        (_issued(certificate(hours=25)), old, "must be set to the NotAfter time encoded in the leaf certificate"),
        (_issued(certificate(), beginRefreshAt="2026-01-01T00:09:00Z"), old, "at least 10 minutes after status.not"),
        (
            _issued(certificate(hours=25), notAfter="2026-01-02T01:00:00Z"),
            old,
            "90000000000000: leaf certificate lifetime must be <= spec.maxExpirationSeconds (86400)",
        ),
        (_issued(certificate(), beginRefreshAt=None), old, "beginRefreshAt: Required value"),
    ):
        (text,) = texts(pcr.validate_status_update(new, before))
        assert fault in text
