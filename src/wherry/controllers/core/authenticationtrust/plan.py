"""Joins what a server wants trusted with what is trusted already. Pure.

Several servers write the same ConfigMap, and an authority that is being replaced must be trusted until its successor
is known everywhere: so nothing is taken away but certificates whose time is over.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping

import msgspec

from wherry.api.certificates.pem import decode
from wherry.identity.der import read_certificate

CLIENTS = "client-ca-file"
"""The authorities of ordinary clients."""
PROXIES = "requestheader-client-ca-file"
"""The authorities of proxies that name the user in headers; without any, nothing about headers is said."""
_LISTS = (
    "requestheader-allowed-names",
    "requestheader-extra-headers-prefix",
    "requestheader-group-headers",
    "requestheader-uid-headers",
    "requestheader-username-headers",
)
_SLACK_SECONDS = 5 * 60.0
_LINE = 64


def combined(present: Mapping[str, str], wanted: Mapping[str, str], now: float) -> dict[str, str]:
    """The data of the ConfigMap; raises ValueError when one of its lists is none."""
    data = {}
    for key in (CLIENTS, PROXIES):
        if bundle := _certificates((present.get(key, ""), wanted.get(key, "")), now):
            data[key] = bundle
    lists = {key: _joined(present.get(key, ""), wanted.get(key, "")) for key in _LISTS}
    return {**data, **lists} if PROXIES in data else data


def _certificates(bundles: Iterable[str], now: float) -> str:
    found = dict.fromkeys(
        block.der
        for bundle in bundles
        for block in decode(bundle.encode())
        if block.label == "CERTIFICATE" and _is_valid(block.der, now)
    )
    return "".join(map(_encode, found))


def _is_valid(der: bytes, now: float) -> bool:
    try:
        return read_certificate(der).not_after > now - _SLACK_SECONDS
    except ValueError:
        return False


def _encode(der: bytes) -> str:
    text = b64encode(der).decode("ascii")
    lines = "\n".join(text[at : at + _LINE] for at in range(0, len(text), _LINE))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


def _joined(*texts: str) -> str:
    names = [name for text in texts if text for name in msgspec.json.decode(text, type=list[str])]
    return msgspec.json.encode(list(dict.fromkeys(names))).decode()
