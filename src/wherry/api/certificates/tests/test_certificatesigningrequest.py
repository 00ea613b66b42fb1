"""Requests for certificates, and decisions on them."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from wherry.api import Obj
from wherry.api.certificates import certificatesigningrequest as csr
from wherry.api.certificates.tests.making import OTHER, as_base64, as_pem, certificate, request, texts


def _asking(**spec: Any) -> Obj:
    rest = {"signerName": "example.com/s", "usages": ["client auth"], "request": as_base64(as_pem(request()))}
    return {"metadata": {"name": "x"}, "spec": {**rest, **spec}}


def _condition(kind: str, status: str = "True", reason: str = "R") -> Obj:
    return {"type": kind, "status": status, "reason": reason}


def test_good_requests() -> None:
    assert not csr.validate_create(_asking())
    assert not csr.validate_create(_asking(request=as_base64("x\n" + as_pem(request(OTHER)))))


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ({"request": as_base64(as_pem(certificate()))}, "PEM block type must be CERTIFICATE REQUEST"),
        ({"request": "?"}, 'spec.request: Invalid value: "?": PEM block type must be CERTIFICATE REQUEST'),
        ({"usages": []}, "spec.usages: Required value"),
        ({"usages": ["signing", "signing"]}, 'spec.usages[1]: Duplicate value: "signing"'),
        ({"signerName": "kubernetes.io/legacy-unknown"}, "the legacy signerName is not allowed via this API version"),
        ({"expirationSeconds": 599}, "599: may not specify a duration less than 600 seconds (10 minutes)"),
    ],
)
def test_bad_requests(spec: dict[str, Any], fault: str) -> None:
    (text,) = texts(csr.validate_create(_asking(**spec)))
    assert text.endswith(fault)


def test_unknown_usages_and_damaged_requests() -> None:
    (text,) = texts(csr.validate_create(_asking(usages=["fun"])))
    assert text.startswith('spec.usages[0]: Unsupported value: "fun": supported values: "any", "cert sign", "client')
    damaged = request().public_bytes(Encoding.DER)[:-1] + b"\0"
    lines = f"-----BEGIN CERTIFICATE REQUEST-----\n{as_base64(damaged)}\n-----END CERTIFICATE REQUEST-----\n"
    assert len(csr.validate_create(_asking(request=as_base64(lines)))) == 1


def test_deciding() -> None:
    old = _asking()
    both = {"status": {"conditions": [_condition("Approved"), _condition("Denied", "False")]}}
    request, faults = csr.with_approval(old, both)
    assert request["spec"] == old["spec"]
    assert texts(faults) == [
        'status.conditions[1].status: Unsupported value: "False": supported values: "True"',
        (
            'status.conditions: Invalid value: "{conditions[{\\"type\\": \\"Approved\\"}], '
            'conditions[{\\"type\\": \\"Denied\\"}]}": must specify at most one of: '
            '`conditions[{"type": "Approved"}]`, `conditions[{"type": "Denied"}]`'
        ),
    ]
    approved, faults = csr.with_approval(old, {"status": {"conditions": [_condition("Approved")]}})
    assert not faults
    _, faults = csr.with_approval(approved, {"status": {}})
    assert texts(faults) == ['status.conditions: Forbidden: updates may not remove a condition of type "Approved"']


def test_issuing() -> None:
    old = {**_asking(), "status": {"conditions": [_condition("Approved")]}}
    changed = {**old, "status": {"conditions": [_condition("Approved", reason="Mine")], "certificate": "AA=="}}
    csr.prepare_status_update(changed, old)
    assert changed["status"]["conditions"] == old["status"]["conditions"]
    why = "must contain at least one CERTIFICATE PEM block"
    wanted = [f'status.certificate: Invalid value: "<certificate data>": {why}']
    assert texts(csr.validate_status_update(changed, old)) == wanted
    denied = {**old, "status": {"conditions": [*old["status"]["conditions"], _condition("Denied")]}}
    csr.prepare_status_update(denied, old)
    assert texts(csr.validate_status_update(denied, old))[-1].endswith('may not add a condition of type "Denied"')
    issued = {**old, "status": {**old["status"], "certificate": as_base64(as_pem(certificate()))}}
    assert not csr.validate_status_update(issued, old)
    assert texts(csr.validate_status_update(changed, issued)) == [
        *wanted,
        "status.certificate: Forbidden: updates may not modify existing certificate content",
    ]
