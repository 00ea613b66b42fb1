"""Names that nobody else has: UIDs and the random endings of generated names.

Randomness is taken from its source in batches, since one system call per UID costs more than the UID.
"""

from __future__ import annotations

import random

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""Upstream's: no vowels and nothing that looks like one, so that no name becomes a word."""
_BATCH = 4096
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_LONGEST_BASE = 58
_SUFFIX = 5


class Ids:
    """Hands out UIDs (version 4) and name suffixes from one random source."""

    __slots__ = ("_at", "_hex", "_random")

    def __init__(self, source: random.Random) -> None:
        self._random = source
        self._hex = ""
        self._at = 0

    def uid(self) -> str:
        h = self._take(32)
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{_VARIANT[h[16]]}{h[17:20]}-{h[20:]}"

    def suffix(self) -> str:
        h = self._take(4 * _SUFFIX)
        return "".join(_ALPHABET[int(h[i : i + 4], 16) % len(_ALPHABET)] for i in range(0, 4 * _SUFFIX, 4))

    def name(self, prefix: str) -> str:
        """A name that begins with `prefix`, shortened so that the whole is a DNS label."""
        return prefix[:_LONGEST_BASE] + self.suffix()

    def fraction(self) -> float:
        """Chance from 0 up to 1, for jitter."""
        return self._random.random()

    def _take(self, digits: int) -> str:
        start = self._at
        if start + digits > len(self._hex):
            self._hex = self._random.randbytes(_BATCH).hex()
            start = 0
        self._at = start + digits
        return self._hex[start : self._at]
