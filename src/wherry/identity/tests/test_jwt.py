"""Tokens survive the round trip, and nothing that was tampered with does."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Sequence

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from wherry.identity import certificates, jwt
from wherry.identity.keys import TokenKeys, fresh_key
from wherry.identity.tokens import BadToken

EC_PEM = certificates.format_key(certificates.make_key())
RSA_PEM = certificates.format_key(rsa.generate_private_key(public_exponent=65537, key_size=2048))
KEYS = {"ES256": jwt.SigningKey(EC_PEM), "RS256": jwt.SigningKey(RSA_PEM)}


def part(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("algorithm", KEYS)
def test_round_trip(algorithm: str) -> None:
    token = KEYS[algorithm].sign({"sub": "x", "aud": ["a"]})
    assert jwt.verify(token, list(KEYS.values())) == {"sub": "x", "aud": ["a"]}


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(max_size=9), st.one_of(st.text(max_size=9), st.integers(-(2**53), 2**53)), max_size=5))
def test_any_claims_come_back(claims: dict[str, object]) -> None:
    assert jwt.verify(KEYS["ES256"].sign(claims), [KEYS["ES256"]]) == claims


GOOD = KEYS["ES256"].sign({"sub": "x"})
HEAD, CLAIMS, SIGNATURE = GOOD.split(".")


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "no token",
        f"{HEAD}.{CLAIMS}.",
        f"{HEAD}.{part({'sub': 'y'})}.{SIGNATURE}",
        f"{part({'alg': 'none'})}.{CLAIMS}.",
        f"{part({'alg': 'HS256'})}.{CLAIMS}.{SIGNATURE}",
        f"{part({'alg': 'RS256'})}.{CLAIMS}.{SIGNATURE}",
        f"{part(['alg'])}.{CLAIMS}.{SIGNATURE}",
        f"{HEAD}.{CLAIMS}.{SIGNATURE[:-4]}",
        GOOD + ".x",
        "\u20ac.\u20ac.\u20ac",
    ],
    ids=repr,
)
def test_tampered_tokens_are_refused(token: str) -> None:
    with pytest.raises(BadToken):
        jwt.verify(token, list(KEYS.values()))


def test_a_token_of_an_unknown_key_is_refused() -> None:
    other = jwt.SigningKey(certificates.format_key(certificates.make_key()))
    with pytest.raises(BadToken):
        jwt.verify(other.sign({}), list(KEYS.values()))


def test_public_set_shows_only_public_numbers() -> None:
    keys = TokenKeys(lambda: [EC_PEM, RSA_PEM]).public_set()["keys"]
    assert [sorted(key) for key in keys] == [
        ["alg", "crv", "kid", "kty", "use", "x", "y"],
        ["alg", "e", "kid", "kty", "n", "use"],
    ]


def test_keys_are_read_at_the_first_use() -> None:
    reads: list[int] = []

    def read() -> Sequence[bytes]:
        reads.append(1)
        return fresh_key()

    keys = TokenKeys(read)
    assert reads == []
    assert keys.verify(keys.sign({"a": 1})) == {"a": 1}
    assert reads == [1]


def test_a_curve_other_than_p256_is_refused() -> None:
    with pytest.raises(ValueError, match="P-256"):
        jwt.SigningKey(certificates.format_key(ec.generate_private_key(ec.SECP384R1())))


def test_a_key_stands_in_no_representation() -> None:
    assert EC_PEM.decode().splitlines()[1] not in repr(KEYS["ES256"]) + repr(TokenKeys(lambda: [EC_PEM]))
