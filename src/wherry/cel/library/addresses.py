"""IP addresses and networks as values, and how they are parsed: strictly, in the words of Go's netip.

No leading zeros in IPv4, no zones, no IPv4 within IPv6 (`::ffff:1.2.3.4`): Kubernetes leaves no second way of writing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wherry.cel.library.quoting import quote
from wherry.cel.types import OpaqueType, Type
from wherry.cel.values import Opaque

IP_TYPE = OpaqueType("net.IP")
CIDR_TYPE = OpaqueType("net.CIDR")

_HEX = frozenset("0123456789abcdefABCDEF")
_MAPPED = 0xFFFF


@dataclass(frozen=True, slots=True)
class IP(Opaque):
    """An address of family 4 or 6."""

    cel_type: ClassVar[Type] = IP_TYPE

    family: int
    number: int

    @property
    def bits(self) -> int:
        return 32 if self.family == 4 else 128

    def __str__(self) -> str:
        """The canonical form."""
        if self.family == 4:
            return ".".join(map(str, self.number.to_bytes(4, "big")))
        groups = [f"{self.number >> shift & 0xFFFF:x}" for shift in range(112, -16, -16)]
        start, length = _longest_zeros(groups)
        if length < 2:
            return ":".join(groups)
        return f"{':'.join(groups[:start])}::{':'.join(groups[start + length :])}"


@dataclass(frozen=True, slots=True)
class CIDR(Opaque):
    """An address with a prefix length; bits behind the prefix may be set."""

    cel_type: ClassVar[Type] = CIDR_TYPE

    ip: IP
    length: int

    def masked(self) -> CIDR:
        """With no bits set behind the prefix."""
        return CIDR(IP(self.ip.family, self._prefix(self.ip) << self.ip.bits - self.length), self.length)

    def contains(self, ip: IP) -> bool:
        """Whether an address is in this network."""
        return ip.family == self.ip.family and self._prefix(ip) == self._prefix(self.ip)

    def _prefix(self, ip: IP) -> int:
        return ip.number >> ip.bits - self.length

    def __str__(self) -> str:
        return f"{self.ip}/{self.length}"


def parse_ip(text: str) -> IP:
    """The address that `text` writes; raises ValueError."""
    try:
        ip, zone = parse_address(text)
    except AddressError as error:
        raise ValueError(f"IP Address {quote(text)} parse error during conversion from string: {error}") from None
    if zone:
        raise ValueError(f"IP address {quote(text)} with zone value is not allowed")
    return _refuse_mapped(ip, text)


def parse_cidr(text: str) -> CIDR:
    """The network that `text` writes; raises ValueError."""
    address, slash, bits = text.rpartition("/")
    try:
        if not slash:
            raise AddressError("no '/'")
        ip, zone = parse_address(address)
        if zone:
            raise AddressError("IPv6 zones cannot be present in a prefix")
        length = _parse_length(bits, ip.bits)
    except AddressError as error:
        prefix = f"netip.ParsePrefix({quote(text)}): {error}"
        raise ValueError(f"network address parse error during conversion from string: {prefix}") from None
    return CIDR(_refuse_mapped(ip, text), length)


class AddressError(Exception):
    """What Go's parser says."""


def _refuse_mapped(ip: IP, text: str) -> IP:
    if ip.family == 6 and ip.number >> 32 == _MAPPED:
        raise ValueError(f"IPv4-mapped IPv6 address {quote(text)} is not allowed")
    return ip


def _parse_length(bits: str, most: int) -> int:
    if not (bits.isascii() and bits.isdigit()) or (len(bits) > 1 and bits[0] == "0") or len(bits) > 18:
        raise AddressError(f"bad bits after slash: {quote(bits)}")
    if int(bits) > most:
        raise AddressError("prefix length out of range")
    return int(bits)


def parse_address(text: str) -> tuple[IP, str]:
    """The address and its zone."""
    for char in text:
        if char == ".":
            return IP(4, _parse_v4(text)), ""
        if char == ":":
            address, percent, zone = text.partition("%")
            if percent and not zone:
                raise _fault(text, "zone must be a non-empty string")
            return IP(6, _Groups(text).parse(address)), zone
        if char == "%":
            raise _fault(text, "missing IPv6 address")
    raise _fault(text, "unable to parse IP")


def _fault(text: str, message: str, at: str = "") -> AddressError:
    return AddressError(f"ParseAddr({quote(text)}): {message}{f' (at {quote(at)})' if at else ''}")


def _parse_v4(text: str) -> int:
    fields, value, digits = 0, 0, 0
    number = 0
    for index, char in enumerate(text):
        if "0" <= char <= "9":
            if digits == 1 and value == 0:
                raise _fault(text, "IPv4 field has octet with leading zero")
            value, digits = value * 10 + int(char), digits + 1
            if value > 255:
                raise _fault(text, "IPv4 field has value >255")
        elif char == ".":
            if not digits or index == len(text) - 1:
                raise _fault(text, "IPv4 field must have at least one digit", text[index:])
            if fields == 3:
                raise _fault(text, "IPv4 address too long")
            number, fields, value, digits = number << 8 | value, fields + 1, 0, 0
        else:
            raise _fault(text, "unexpected character", text[index:])
    if fields < 3:
        raise _fault(text, "IPv4 address too short")
    return number << 8 | value


class _Groups:
    """Reads the eight groups of an IPv6 address, in the order in which Go finds faults."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.groups: list[int] = []
        self.gap = -1
        """Where `::` stands."""

    def parse(self, rest: str) -> int:
        if rest.startswith("::"):
            self.gap, rest = 0, rest[2:]
            if not rest:
                return 0
        while len(self.groups) < 8:
            digits = self._count_digits(rest)
            if rest[digits : digits + 1] == ".":
                self._add_v4(rest)
                rest = ""
                break
            self.groups.append(int(rest[:digits], 16))
            if not (rest := rest[digits:]):
                break
            rest = self._skip_colon(rest)
            if not rest:
                break
        if rest:
            raise _fault(self.text, "trailing garbage after address", rest)
        return self._number()

    def _count_digits(self, rest: str) -> int:
        digits = 0
        while digits < len(rest) and rest[digits] in _HEX:
            digits += 1
            if digits > 4:
                raise _fault(self.text, "each group must have 4 or less digits", rest)
        if not digits:
            raise _fault(self.text, "each colon-separated field must have at least one digit", rest)
        return digits

    def _add_v4(self, rest: str) -> None:
        if self.gap < 0 and len(self.groups) != 6:
            message = "embedded IPv4 address must replace the final 2 fields of the address"
            raise _fault(self.text, message, rest)
        if len(self.groups) > 6:
            message = "too many hex fields to fit an embedded IPv4 at the end of the address"
            raise _fault(self.text, message, rest)
        try:
            number = _parse_v4(rest)
        except AddressError as error:
            raise _fault(self.text, str(error), rest) from None
        self.groups += (number >> 16, number & 0xFFFF)

    def _skip_colon(self, rest: str) -> str:
        """What follows `:` or the first `::`."""
        if rest[0] != ":":
            raise _fault(self.text, "unexpected character, want colon", rest)
        if len(rest) == 1:
            raise _fault(self.text, "colon must be followed by more characters", rest)
        if rest[1] != ":":
            return rest[1:]
        if self.gap >= 0:
            raise _fault(self.text, "multiple :: in address", rest[1:])
        self.gap = len(self.groups)
        return rest[2:]

    def _number(self) -> int:
        groups = self.groups
        if len(groups) < 8:
            if self.gap < 0:
                raise _fault(self.text, "address string too short")
            groups = [*groups[: self.gap], *[0] * (8 - len(groups)), *groups[self.gap :]]
        elif self.gap >= 0:
            raise _fault(self.text, "the :: must expand to at least one field of zeros")
        number = 0
        for group in groups:
            number = number << 16 | group
        return number


def _longest_zeros(groups: list[str]) -> tuple[int, int]:
    """Where the longest run of zeros starts, the first of equals, and its length."""
    best = start = length = 0
    for index, group in enumerate(groups):
        length = length + 1 if group == "0" else 0
        if length > best:
            best, start = length, index - length + 1
    return start, best
