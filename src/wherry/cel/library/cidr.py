"""Networks in CIDR notation (Kubernetes' `net.cidr` library); needs `ip.py` for its addresses.

cidr('192.168.0.0/24').containsIP('192.168.0.1')     cidr('10.0.0.1/8').masked() == cidr('10.0.0.0/8')
"""

from __future__ import annotations

from wherry.cel.errors import EvaluationError
from wherry.cel.functions import Function, Library, Overload
from wherry.cel.library.addresses import CIDR, CIDR_TYPE, IP, IP_TYPE, parse_cidr, parse_ip
from wherry.cel.types import BOOL, INT, STRING


def to_cidr(text: str) -> CIDR:
    """The network that `text` writes."""
    try:
        return parse_cidr(text)
    except ValueError as error:
        raise EvaluationError(f"network address parse error during conversion from string: {error}") from None


def is_cidr(text: str) -> bool:
    """Whether `text` writes a network."""
    try:
        parse_cidr(text)
    except ValueError:
        return False
    return True


def contains_ip(network: CIDR, ip: IP | str) -> bool:
    """Whether an address is in the network."""
    if not isinstance(ip, str):
        return network.contains(ip)
    try:
        return network.contains(parse_ip(ip))
    except ValueError:
        raise EvaluationError("no such overload") from None  # upstream loses what is wrong with the address


def contains_cidr(network: CIDR, other: CIDR | str) -> bool:
    """Whether all of another network is in this one."""
    if isinstance(other, str):
        other = to_cidr(other)
    return network.length <= other.length and network.contains(other.ip)


def address(network: CIDR) -> IP:
    """The address before the slash."""
    return network.ip


def masked(network: CIDR) -> CIDR:
    """The network with no bits set behind its prefix."""
    return network.masked()


def prefix_length(network: CIDR) -> int:
    """The number after the slash."""
    return network.length


CIDR_LIBRARY = Library(
    "kubernetes.net.cidr",
    functions=(
        Function("cidr", Overload("string_to_cidr", (STRING,), CIDR_TYPE, to_cidr)),
        Function("isCIDR", Overload("is_cidr", (STRING,), BOOL, is_cidr)),
        Function(
            "containsIP",
            Overload("cidr_contains_ip_string", (CIDR_TYPE, STRING), BOOL, contains_ip, is_member=True),
            Overload("cidr_contains_ip_ip", (CIDR_TYPE, IP_TYPE), BOOL, contains_ip, is_member=True),
        ),
        Function(
            "containsCIDR",
            Overload("cidr_contains_cidr_string", (CIDR_TYPE, STRING), BOOL, contains_cidr, is_member=True),
            Overload("cidr_contains_cidr", (CIDR_TYPE, CIDR_TYPE), BOOL, contains_cidr, is_member=True),
        ),
        Function("ip", Overload("cidr_ip", (CIDR_TYPE,), IP_TYPE, address, is_member=True)),
        Function("masked", Overload("cidr_masked", (CIDR_TYPE,), CIDR_TYPE, masked, is_member=True)),
        Function("prefixLength", Overload("cidr_prefix_length", (CIDR_TYPE,), INT, prefix_length, is_member=True)),
        Function("string", Overload("cidr_to_string", (CIDR_TYPE,), STRING, str)),
    ),
    types=(CIDR_TYPE,),
)
