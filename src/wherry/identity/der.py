"""Reads of a certificate what authentication and renewal ask: no more, and without a cryptography library.

A server that only has to know who a verified client is, or when its own certificate ends, would otherwise pay 40 ms of
start-up and 16 MB for the import. DER is tag, length, value; each structure below is walked in the order in which RFC
5280 lists its fields. Nothing is verified here: signatures were checked by TLS.
"""

from __future__ import annotations

import binascii
import ipaddress
from collections.abc import Iterator
from datetime import UTC, datetime

from msgspec import Struct

_SEQUENCE, _SET, _OID, _OCTETS = 0x30, 0x31, 0x06, 0x04
_UTC_TIME = 0x17
_EXPLICIT_VERSION, _EXPLICIT_EXTENSIONS = 0xA0, 0xA3
_SAN_DNS, _SAN_ADDRESS = 0x82, 0x87
_COMMON_NAME = bytes.fromhex("550403")
_ORGANIZATION = bytes.fromhex("55040a")
_SUBJECT_ALT_NAME = bytes.fromhex("551d11")


class _Element(Struct, frozen=True):
    tag: int
    start: int
    end: int
    whole: int
    """Where the element's tag stands, so that it can be cut out with its header."""


class CertificateInfo(Struct, frozen=True):
    """What a certificate says about its holder."""

    common_name: str
    organizations: tuple[str, ...]
    not_before: float
    not_after: float
    dns_names: tuple[str, ...]
    addresses: tuple[str, ...]
    issuer: bytes
    """The issuer's name as it stands in the certificate; equals `subject` of the authority that signed it."""
    subject: bytes
    serial: int


def read_certificate(der: bytes) -> CertificateInfo:
    """Raises ValueError when the bytes are not an X.509 certificate."""
    try:
        return _read(der)
    except (IndexError, UnicodeDecodeError) as error:
        raise ValueError("not a certificate") from error


def decode_pem(text: str, label: str = "CERTIFICATE") -> bytes:
    """The first block of this label, as DER; raises ValueError when there is none."""
    begin, end = f"-----BEGIN {label}-----", f"-----END {label}-----"
    start = text.find(begin)
    stop = text.find(end, start)
    if start < 0 or stop < 0:
        raise ValueError(f"no {label} in it")
    try:
        return binascii.a2b_base64(text[start + len(begin) : stop].encode("ascii"))
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError(f"the {label} in it is damaged") from error


def _read(der: bytes) -> CertificateInfo:
    outer = _expect(_element(der, 0), _SEQUENCE)
    fields = list(_children(der, _expect(_element(der, outer.start), _SEQUENCE)))
    if fields[0].tag == _EXPLICIT_VERSION:
        fields = fields[1:]
    serial, _algorithm, issuer, validity, subject = fields[:5]
    begins, ends = _children(der, _expect(validity, _SEQUENCE))
    names = _attributes(der, _expect(subject, _SEQUENCE))
    dns_names, addresses = _alternative_names(der, fields[5:])
    return CertificateInfo(
        common_name=next((value for oid, value in names if oid == _COMMON_NAME), ""),
        organizations=tuple(value for oid, value in names if oid == _ORGANIZATION),
        not_before=_time(der, begins),
        not_after=_time(der, ends),
        dns_names=dns_names,
        addresses=addresses,
        issuer=der[issuer.whole : issuer.end],
        subject=der[subject.whole : subject.end],
        serial=int.from_bytes(der[serial.start : serial.end], "big"),
    )


def _element(der: bytes, at: int) -> _Element:
    tag, length, start = der[at], der[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4:
            raise ValueError("not a certificate")
        length = int.from_bytes(der[start : start + size], "big")
        start += size
    if start + length > len(der):
        raise ValueError("not a certificate: it ends too early")
    return _Element(tag, start, start + length, at)


def _expect(element: _Element, tag: int) -> _Element:
    if element.tag != tag:
        raise ValueError("not a certificate")
    return element


def _children(der: bytes, parent: _Element) -> Iterator[_Element]:
    at = parent.start
    while at < parent.end:
        element = _element(der, at)
        yield element
        at = element.end


def _attributes(der: bytes, name: _Element) -> list[tuple[bytes, str]]:
    """The (type, text) pairs of a distinguished name, in order."""
    found = []
    for relative in _children(der, name):
        for attribute in _children(der, _expect(relative, _SET)):
            oid, value = list(_children(der, _expect(attribute, _SEQUENCE)))[:2]
            found.append((der[oid.start : oid.end], der[value.start : value.end].decode("utf-8")))
    return found


def _time(der: bytes, element: _Element) -> float:
    text = der[element.start : element.end].decode("ascii")
    if element.tag == _UTC_TIME:
        text = ("19" if int(text[:2]) >= 50 else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()


def _alternative_names(der: bytes, rest: list[_Element]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    wrapper = next((element for element in rest if element.tag == _EXPLICIT_EXTENSIONS), None)
    if wrapper is None:
        return (), ()
    for extension in _children(der, _expect(_element(der, wrapper.start), _SEQUENCE)):
        parts = list(_children(der, extension))
        if der[parts[0].start : parts[0].end] == _SUBJECT_ALT_NAME:
            return _general_names(der, _expect(_element(der, _expect(parts[-1], _OCTETS).start), _SEQUENCE))
    return (), ()


def _general_names(der: bytes, names: _Element) -> tuple[tuple[str, ...], tuple[str, ...]]:
    dns_names, addresses = [], []
    for name in _children(der, names):
        value = der[name.start : name.end]
        if name.tag == _SAN_DNS:
            dns_names.append(value.decode("ascii"))
        elif name.tag == _SAN_ADDRESS:
            addresses.append(str(ipaddress.ip_address(value)))
    return tuple(dns_names), tuple(addresses)
