"""The keys of service-account tokens, loaded when the first token is made or checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


class TokenKeys:
    """Signs with the first key and verifies with all; `read` yields their private keys in PEM, newest first.

    Reading happens at the first use: a server in which no token is ever shown pays nothing for the cryptography.
    """

    __slots__ = ("_keys", "_read")

    def __init__(self, read: Callable[[], Sequence[bytes]]) -> None:
        self._read = read
        self._keys: Sequence[Any] | None = None

    def sign(self, claims: dict[str, Any]) -> str:
        token: str = self._loaded()[0].sign(claims)
        return token

    def verify(self, token: str) -> dict[str, Any]:
        """The claims; raises BadToken."""
        from wherry.identity import jwt

        return jwt.verify(token, self._loaded())

    def public_set(self) -> dict[str, Any]:
        """The JSON Web Key Set that others verify our tokens with."""
        return {"keys": [key.public() for key in self._loaded()]}

    def _loaded(self) -> Sequence[Any]:
        if self._keys is None:
            from wherry.identity import jwt

            self._keys = [jwt.SigningKey(pem) for pem in self._read()]
        return self._keys


def fresh_key() -> Sequence[bytes]:
    """A new key that lives as long as the process: for control planes in memory."""
    from wherry.identity import certificates

    return [certificates.format_key(certificates.make_key())]
