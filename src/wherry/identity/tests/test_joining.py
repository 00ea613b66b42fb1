"""What a joining node asks for is what the signers sign."""

from __future__ import annotations

from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest

from wherry.identity import certificates, signing
from wherry.identity.joining import (
    Refused,
    client_request,
    issued_certificate,
    save,
    save_key,
    server_request,
    usable,
)
from wherry.identity.pair import Pair
from wherry.identity.profiles import node_server

NOW = 1_900_000_000.0
AUTHORITY = certificates.make_authority("ca", NOW, 1e9)


def sign(request: dict[str, Any]) -> bytes:
    spec = request["spec"]
    pem = b64decode(spec["request"])
    assert signing.refusal(spec["signerName"], signing.parse_request(pem), spec["usages"]) == ""
    return signing.sign(AUTHORITY, pem, spec["usages"], NOW, None)


def test_a_node_gets_who_it_is_and_what_it_shows(tmp_path: Path) -> None:
    for name, (key, request) in (
        ("client", client_request("n1")),
        ("server", server_request("n1", ("10.0.0.9",))),
    ):
        certificate = sign(request)
        answered = {**request, "status": {"certificate": b64encode(certificate).decode()}}
        assert issued_certificate(answered) == certificate
        pair = save(tmp_path / "pki", name, key, certificate)
        assert pair.fits()
        assert pair.key.stat().st_mode & 0o777 == 0o600


def test_a_key_is_used_again() -> None:
    key, _ = client_request("n1")
    again, _ = client_request("n1", key)
    assert again == key


def test_a_request_waits_or_is_refused() -> None:
    assert issued_certificate({"spec": {}}) is None
    assert issued_certificate({"status": {"conditions": [{"type": "Approved"}]}}) is None
    with pytest.raises(Refused, match="not yours"):
        issued_certificate({"status": {"conditions": [{"type": "Denied", "message": "not yours"}]}})


def test_a_certificate_is_usable_while_it_says_what_is_wanted(tmp_path: Path) -> None:
    profile = node_server("n1", ("10.0.0.9",))
    authority = certificates.format_certificate(AUTHORITY.certificate)
    key, request = server_request("n1", ("10.0.0.9",))
    pair = Pair(tmp_path / "pki/server.crt", tmp_path / "pki/server.key")
    assert usable(pair, profile, authority) is None
    save_key(pair.key, key)
    assert usable(pair, profile, authority) is None, "a start was killed before its certificate came"
    assert save(tmp_path / "pki", "server", key, sign(request)) == pair
    info = usable(pair, profile, authority)
    assert info is not None
    assert info.addresses == profile.addresses
    assert usable(pair, node_server("n1", ("10.0.0.10",)), authority) is None, "the node has moved"
    another = certificates.make_authority("another", NOW, 1e9)
    assert usable(pair, profile, certificates.format_certificate(another.certificate)) is None
    save_key(pair.key, certificates.format_key(certificates.make_key()))
    assert usable(pair, profile, authority) is None, "the key is another's"
    pair.certificate.write_text("damaged")
    assert usable(pair, profile, authority) is None
