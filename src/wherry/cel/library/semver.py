"""Semantic versions (Kubernetes' `Semver` library, version 1).

semver('1.2.3').isLessThan(semver('2.0.0'))     isSemver('v1.0') == false     isSemver('v1.0', true)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering
from typing import ClassVar

from wherry.cel.errors import EvaluationError
from wherry.cel.functions import Function, Library, Overload
from wherry.cel.library.quoting import quote
from wherry.cel.types import BOOL, INT, STRING, OpaqueType, Type
from wherry.cel.values import UINT_MAX, Opaque

SEMVER = OpaqueType("kubernetes.Semver")

_DIGITS = re.compile(r"[0-9]*")
_IDENTIFIER = re.compile(r"[0-9A-Za-z-]*")

Prerelease = tuple[bool, int, str]
"""A part of a pre-release: numbers (False, n, "") come before words (True, 0, word)."""


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Version(Opaque):
    """A semantic version. Build metadata count neither for order nor for equality."""

    cel_type: ClassVar[Type] = SEMVER

    major: int
    minor: int
    patch: int
    prerelease: tuple[Prerelease, ...] = ()

    def _key(self) -> tuple[int, int, int, bool, tuple[Prerelease, ...]]:
        return (self.major, self.minor, self.patch, not self.prerelease, self.prerelease)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._key() == other._key()

    def __lt__(self, other: Version) -> bool:
        return self._key() < other._key()

    def __hash__(self) -> int:
        return hash(self._key())


def parse_version(text: str) -> Version:
    """The version that `text` writes; raises ValueError."""
    if not text:
        raise ValueError("Version string empty")
    parts = text.split(".", 2)
    if len(parts) != 3:
        raise ValueError("No Major.Minor.Patch elements found")
    major, minor = _parse_number(parts[0], "Major"), _parse_number(parts[1], "Minor")
    rest, plus, build = parts[2].partition("+")
    patch_text, dash, prerelease = rest.partition("-")
    patch = _parse_number(patch_text, "Patch")
    identifiers = tuple(map(_parse_prerelease, prerelease.split("."))) if dash else ()
    if plus:
        _check_build(build)
    return Version(major, minor, patch, identifiers)


def _parse_number(text: str, name: str) -> int:
    if not _DIGITS.fullmatch(text):
        raise ValueError(f"Invalid character(s) found in {name.lower()} number {quote(text)}")
    return _parse_uint(text, f"{name} number must not contain leading zeroes {quote(text)}")


def _parse_uint(text: str, leading_zeroes: str) -> int:
    if len(text) > 1 and text[0] == "0":
        raise ValueError(leading_zeroes)
    if not text:
        raise ValueError('strconv.ParseUint: parsing "": invalid syntax')
    if len(text) > 20 or int(text) > UINT_MAX:
        raise ValueError(f"strconv.ParseUint: parsing {quote(text)}: value out of range")
    return int(text)


def _parse_prerelease(text: str) -> Prerelease:
    if not text:
        raise ValueError("Prerelease is empty")
    if _DIGITS.fullmatch(text):
        number = _parse_uint(text, f"Numeric PreRelease version must not contain leading zeroes {quote(text)}")
        return False, number, ""
    if not _IDENTIFIER.fullmatch(text):
        raise ValueError(f"Invalid character(s) found in prerelease {quote(text)}")
    return True, 0, text


def _check_build(text: str) -> None:
    for part in text.split("."):
        if not part:
            raise ValueError("Build meta data is empty")
        if not _IDENTIFIER.fullmatch(part):
            raise ValueError(f"Invalid character(s) found in build meta data {quote(part)}")


def normalize(text: str) -> str:
    """`text` without a leading `v` and leading zeroes, and with the numbers that it leaves out."""
    parts = [_strip_zeroes(part) for part in text.removeprefix("v").split(".", 2)]
    if len(parts) < 3:
        if "+" in parts[-1] or "-" in parts[-1]:
            raise ValueError("short version cannot contain PreRelease/Build meta data")
        parts += ["0"] * (3 - len(parts))
    return ".".join(parts)


def _strip_zeroes(part: str) -> str:
    if len(part) < 2:
        return part
    stripped = part.lstrip("0")
    return stripped if stripped[:1] in tuple("0123456789") else f"0{stripped}"


def to_version(text: str, is_loose: bool = False) -> Version:
    """The version that `text` writes, after `normalize` if it may be written loosely."""
    try:
        return parse_version(normalize(text) if is_loose else text)
    except ValueError as error:
        raise EvaluationError(str(error)) from None


def is_version(text: str, is_loose: bool = False) -> bool:
    """Whether `to_version` would succeed."""
    try:
        parse_version(normalize(text) if is_loose else text)
    except ValueError:
        return False
    return True


def compare(left: Version, right: Version) -> int:
    """-1, 0 or 1."""
    return (left > right) - (left < right)


def _to_int(number: int) -> int:
    # Upstream converts numbers beyond 63 bits without looking.
    return number if number <= UINT_MAX >> 1 else number - UINT_MAX - 1


SEMVER_LIBRARY = Library(
    "kubernetes.Semver",
    functions=(
        Function(
            "semver",
            Overload("string_to_semver", (STRING,), SEMVER, to_version),
            Overload("string_bool_to_semver", (STRING, BOOL), SEMVER, to_version),
        ),
        Function(
            "isSemver",
            Overload("is_semver_string", (STRING,), BOOL, is_version),
            Overload("is_semver_string_bool", (STRING, BOOL), BOOL, is_version),
        ),
        Function(
            "isGreaterThan",
            Overload("semver_is_greater_than", (SEMVER, SEMVER), BOOL, Version.__gt__, is_member=True),
        ),
        Function("isLessThan", Overload("semver_is_less_than", (SEMVER, SEMVER), BOOL, Version.__lt__, is_member=True)),
        Function("compareTo", Overload("semver_compare_to", (SEMVER, SEMVER), INT, compare, is_member=True)),
        Function("major", Overload("semver_major", (SEMVER,), INT, lambda v: _to_int(v.major), is_member=True)),
        Function("minor", Overload("semver_minor", (SEMVER,), INT, lambda v: _to_int(v.minor), is_member=True)),
        Function("patch", Overload("semver_patch", (SEMVER,), INT, lambda v: _to_int(v.patch), is_member=True)),
    ),
)
