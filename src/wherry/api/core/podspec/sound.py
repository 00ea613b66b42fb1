"""Specifications of which nothing was to be said lately: siblings come by the hundred and are judged once.

The Pods of a workload are alike but for the name of one volume, that of the token that admission mounts, which ends in
random letters. Which letters these are makes no difference to whether a specification is sound, as long as they are
letters and no other volume has the name; so it is compared with that one name blotted out, by a byte that no JSON text
has. To make a specification's text takes a tenth of the time of judging it.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

TOKEN_VOLUME = "kube-api-access-"  # noqa: S105 - the beginning of a name
"""How the names begin that admission makes for the volumes of tokens."""

_encode = msgspec.json.Encoder().encode
_BEGIN = b'"' + TOKEN_VOLUME.encode()
_is_name = re.compile(re.escape(_BEGIN) + rb'[a-z0-9]{5}"').match
_NAME_LENGTH = len(_BEGIN) + 6
_BLOT = b'"\0"'
_LONGEST = 4096
_MOST = 128


def content_of(spec: dict[str, Any]) -> bytes:
    """What is the same of specifications that are sound or not alike; b"" where that is too long to be kept."""
    text = _encode(spec)
    if len(text) > _LONGEST:
        return b""
    at = text.find(_BEGIN)
    return text.replace(text[at : at + _NAME_LENGTH], _BLOT) if at >= 0 and _is_name(text, at) else text


class Sound:
    """Remembers what was found sound: half a megabyte at most."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[bytes, None] = {}

    def __contains__(self, content: bytes) -> bool:
        return content in self._known

    def add(self, content: bytes) -> None:
        if not content:
            return
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[content] = None
