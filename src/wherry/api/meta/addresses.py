"""IP addresses and ranges as fields of objects: which are accepted, and which are merely warned of.

Older fields once took what Go took long ago: leading zeros (`010.1.2.3`), IPv4 in the form of IPv6. They are strict now
but let stand what an object already has; newer fields want the canonical form as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from wherry.api.field import FieldError, invalid

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NO_ADDRESS = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
_NO_RANGE = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
_ZEROS = re.compile(r"(?<![0-9a-fA-F:.])0+(?=[0-9])|(?<=\.)0+(?=[0-9])")

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_is_ordinary = re.compile(rf"(?!127\.|169\.)(?:1[0-9][0-9]|2[01][0-9]|22[0-3]|[1-9][0-9]?)(?:\.{_OCTET}){{3}}\Z").match


def is_ordinary(text: str) -> bool:
    """Whether it is an IPv4 address that no rule has anything against: the quick way through long lists of them."""
    return _is_ordinary(text) is not None


def parse_ip(text: str) -> Address | None:
    """An address in any spelling that was ever accepted; None for anything else."""
    try:
        address = ip_address(_without_zeros(text))
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return None
    return address


def parse_cidr(text: str) -> tuple[Address, Network] | None:
    """A range, and the address that it is written with; None for anything else."""
    host, slash, length = text.partition("/")
    address = parse_ip(host)
    if address is None or not slash or not length.isdecimal():
        return None
    try:
        return address, ip_network((address, int(length)), strict=False)
    except ValueError:
        return None


def _without_zeros(text: str) -> str:
    return _ZEROS.sub("", text) if "." in text else text


def _is_mapped(address: Address) -> bool:
    return isinstance(address, IPv6Address) and address.ipv4_mapped is not None


def validate_legacy_ip(text: str, path: str, known: Collection[str] = ()) -> list[FieldError]:
    """An address in an older field; those that are `known` were there before."""
    if text in known or is_ordinary(text):
        return []
    address = parse_ip(text)
    if address is None:
        return [invalid(path, text, _NO_ADDRESS)]
    if _without_zeros(text) != text:
        return [invalid(path, text, "must not have leading 0s")]
    return [invalid(path, text, "must not be an IPv4-mapped IPv6 address")] if _is_mapped(address) else []


def validate_ip(text: str, path: str) -> list[FieldError]:
    """An address in a newer field, in canonical form."""
    if is_ordinary(text):
        return []
    faults = validate_legacy_ip(text, path)
    if not faults and (canonical := str(parse_ip(text))) != text:
        faults.append(invalid(path, text, f"must be in canonical form ({json.dumps(canonical)})"))
    return faults


def validate_legacy_cidr(text: str, path: str, known: Collection[str] = ()) -> list[FieldError]:
    """A range in an older field; those that are `known` were there before."""
    if text in known:
        return []
    parsed = parse_cidr(text)
    if parsed is None:
        return [invalid(path, text, _NO_RANGE)]
    address, network = parsed
    if _has_zeros(text):
        return [invalid(path, text, "must not have leading 0s in IP or prefix length")]
    if _is_mapped(address):
        return [invalid(path, text, "must not have an IPv4-mapped IPv6 address")]
    if address != network.network_address:
        return [invalid(path, text, "must not have bits set beyond the prefix length")]
    return []


def _has_zeros(text: str) -> bool:
    host, _, length = text.partition("/")
    return _without_zeros(host) != host or (len(length) > 1 and length[0] == "0")


def validate_cidr(text: str, path: str) -> list[FieldError]:
    """A range in a newer field, in canonical form."""
    faults = validate_legacy_cidr(text, path)
    if not faults and (parsed := parse_cidr(text)) and str(parsed[1]) != text:
        faults.append(invalid(path, text, f"must be in canonical form ({json.dumps(str(parsed[1]))})"))
    return faults


def validate_interface_address(text: str, path: str) -> list[FieldError]:
    """An address with the length of its network's prefix, in canonical form."""
    parsed = parse_cidr(text)
    if parsed is None:
        return [invalid(path, text, "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)")]
    address, length = parsed[0], parsed[1].prefixlen
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address, length = address.ipv4_mapped, max(length - 96, 0)
    canonical = f"{address}/{length}"
    return [] if text == canonical else [invalid(path, text, f"must be in canonical form ({json.dumps(canonical)})")]


def warn_of_ip(text: str, path: str) -> list[str]:
    """Of an address that was accepted but is spelt as none should be."""
    address = parse_ip(text)
    if address is None:
        return []
    if _without_zeros(text) != text or _is_mapped(address):
        preferred = address.ipv4_mapped if isinstance(address, IPv6Address) and address.ipv4_mapped else address
        return [f'{path}: non-standard IP address "{text}" is invalid: use "{preferred}"']
    if address.version == 6 and str(address) != text:
        return [f'{path}: IPv6 address "{text}" should be in RFC 5952 canonical format ("{address}")']
    return []


def warn_of_cidr(text: str, path: str) -> list[str]:
    """Of a range that was accepted but is spelt as none should be."""
    parsed = parse_cidr(text)
    if parsed is None:
        return []
    address, network = parsed
    found = []
    if address != network.network_address:
        alone = f"{address}/{network.max_prefixlen}"
        found.append(f'{path}: CIDR value "{text}" is ambiguous in this context (should be "{network}" or "{alone}"?)')
    if _has_zeros(text) or _is_mapped(address):
        found.append(f'{path}: non-standard CIDR value "{text}" is invalid: use "{network}"')
    if not found and network.version == 6 and str(network) != text:
        found.append(f'{path}: IPv6 CIDR value "{text}" should be in RFC 5952 canonical format ("{network}")')
    return found
