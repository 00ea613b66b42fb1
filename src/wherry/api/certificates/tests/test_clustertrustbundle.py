"""Bundles of authorities' certificates."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.certificates import clustertrustbundle as bundles
from wherry.api.certificates.tests.making import as_pem, certificate, request, texts


def _bundle(text: str, name: str = "x", signer: str = "") -> Obj:
    return {"metadata": {"name": name}, "spec": {"trustBundle": text, "signerName": signer}}


def test_bundles() -> None:
    good = as_pem(certificate(is_authority=True))
    assert not bundles.validate_create(_bundle("roots\n" + good))
    assert not bundles.validate_create(_bundle(good, "example.com:s:v1", "example.com/s"))
    (text,) = texts(bundles.validate_create(_bundle(good, "x", "example.com/s")))
    assert text.endswith("ClusterTrustBundle for signerName example.com/s must be named with prefix example.com:s:")
    for text, why in (
        ("", "at least one trust anchor must be provided"),
        (good + good, "duplicate trust anchor (indices [0 1])"),
        (good + as_pem(certificate()), "entry 1 does not have the CA bit set"),
        (as_pem(request()), "entry 0 has bad block type: CERTIFICATE REQUEST"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "entry 0 does not parse as X.509"),
    ):
        wanted = [f'spec.trustBundle: Invalid value: "<value omitted>": {why}']
        assert texts(bundles.validate_create(_bundle(text))) == wanted
        assert not bundles.validate_update(_bundle(text), _bundle(text)), "what was accepted once is not read again"
