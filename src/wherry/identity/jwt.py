"""Signed tokens (RFC 7519): made and verified with ES256 or RS256, nothing else.

The algorithm is the key's own and is never taken from the token alone, so a token cannot choose how it is checked.
Claims are plain JSON; what they must say is decided in `tokens.py` and by whoever accepts the token.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from wherry.identity.certificates import parse_key
from wherry.identity.tokens import BadToken

Claims = dict[str, Any]
_WIDTH = 32
"""Bytes of one number of a P-256 signature."""


class _Scheme(Protocol):
    name: str

    def sign(self, data: bytes) -> bytes: ...
    def verify(self, signature: bytes, data: bytes) -> None: ...
    def public_numbers(self) -> dict[str, str]: ...


class SigningKey:
    """One private key: signs tokens, verifies its own, and shows its public half."""

    __slots__ = ("_head", "_scheme", "key_id")

    def __init__(self, pem: bytes) -> None:
        key = parse_key(pem)
        self._scheme: _Scheme = _Rs256(key) if isinstance(key, rsa.RSAPrivateKey) else _Es256(key)
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.key_id = encode_part(hashlib.sha256(public).digest())
        self._head = encode_part(msgspec.json.encode({"alg": self._scheme.name, "kid": self.key_id}))

    def __repr__(self) -> str:
        return f"<SigningKey {self._scheme.name} {self.key_id}>"

    def sign(self, claims: Claims) -> str:
        body = f"{self._head}.{encode_part(msgspec.json.encode(claims))}"
        return f"{body}.{encode_part(self._scheme.sign(body.encode('ascii')))}"

    def check(self, algorithm: str, signature: bytes, body: bytes) -> bool:
        """Whether this key made the signature."""
        if algorithm != self._scheme.name:
            return False
        try:
            self._scheme.verify(signature, body)
        except InvalidSignature:
            return False
        return True

    def public(self) -> dict[str, str]:
        """The key as a member of a JSON Web Key Set."""
        return {"use": "sig", "kid": self.key_id, "alg": self._scheme.name, **self._scheme.public_numbers()}


def verify(token: str, keys: Sequence[SigningKey]) -> Claims:
    """The claims of a token that one of the keys signed; raises BadToken otherwise."""
    try:
        body, _, signature_part = token.rpartition(".")
        head_part, _, claims_part = body.partition(".")
        head = msgspec.json.decode(decode_part(head_part))
        signature = decode_part(signature_part)
        algorithm, key_id = head.get("alg"), head.get("kid")
    except (ValueError, AttributeError) as error:
        raise BadToken("it is malformed") from error
    candidates = [key for key in keys if not key_id or key.key_id == key_id]
    if not any(key.check(algorithm, signature, body.encode("ascii")) for key in candidates):
        raise BadToken("no known key signed it")
    return peek_claims(claims_part)


def peek_claims(claims_part: str) -> Claims:
    """Decode the middle part of a token."""
    try:
        claims = msgspec.json.decode(decode_part(claims_part))
    except ValueError as error:
        raise BadToken("it is malformed") from error
    if not isinstance(claims, dict):
        raise BadToken("it is malformed")
    return claims


def encode_part(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode_part(text: str) -> bytes:
    """Raises ValueError."""
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))


class _Es256:
    __slots__ = ("_key", "_public", "name")

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        if not isinstance(key.curve, ec.SECP256R1):
            raise ValueError("a key on a curve other than P-256")
        self.name = "ES256"
        self._key = key
        self._public = key.public_key()

    def sign(self, data: bytes) -> bytes:
        r, s = decode_dss_signature(self._key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(_WIDTH, "big") + s.to_bytes(_WIDTH, "big")

    def verify(self, signature: bytes, data: bytes) -> None:
        if len(signature) != 2 * _WIDTH:
            raise InvalidSignature
        r, s = int.from_bytes(signature[:_WIDTH], "big"), int.from_bytes(signature[_WIDTH:], "big")
        self._public.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))

    def public_numbers(self) -> dict[str, str]:
        numbers = self._public.public_numbers()
        x, y = (encode_part(number.to_bytes(_WIDTH, "big")) for number in (numbers.x, numbers.y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


class _Rs256:
    __slots__ = ("_key", "_public", "name")

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self.name = "RS256"
        self._key = key
        self._public = key.public_key()

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def verify(self, signature: bytes, data: bytes) -> None:
        self._public.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())

    def public_numbers(self) -> dict[str, str]:
        numbers = self._public.public_numbers()
        size = (numbers.n.bit_length() + 7) // 8
        exponent = (numbers.e.bit_length() + 7) // 8
        return {
            "kty": "RSA",
            "n": encode_part(numbers.n.to_bytes(size, "big")),
            "e": encode_part(numbers.e.to_bytes(exponent, "big")),
        }
