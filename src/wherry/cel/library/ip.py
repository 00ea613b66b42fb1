"""IP addresses (Kubernetes' `net.ip` library).

ip('::1').family() == 6     isIP('127.0.0.256') == false     ip.isCanonical('2001:DB8::1') == false
"""

from __future__ import annotations

from wherry.cel.errors import EvaluationError
from wherry.cel.functions import Function, Library, Overload
from wherry.cel.library.addresses import IP, IP_TYPE, parse_ip
from wherry.cel.types import BOOL, INT, STRING


def to_ip(text: str) -> IP:
    """The address that `text` writes."""
    try:
        return parse_ip(text)
    except ValueError as error:
        raise EvaluationError(str(error)) from None


def is_ip(text: str) -> bool:
    """Whether `text` writes an address."""
    try:
        parse_ip(text)
    except ValueError:
        return False
    return True


def is_canonical(text: str) -> bool:
    """Whether `text` writes an address in the one canonical way."""
    return str(to_ip(text)) == text


def family(ip: IP) -> int:
    """4 or 6."""
    return ip.family


def is_unspecified(ip: IP) -> bool:
    """0.0.0.0 or ::."""
    return ip.number == 0


def is_loopback(ip: IP) -> bool:
    """127.0.0.0/8 or ::1."""
    return ip.number >> 24 == 127 if ip.family == 4 else ip.number == 1


def is_link_local_multicast(ip: IP) -> bool:
    """224.0.0.0/24, or scope 2 of ff00::/8."""
    if ip.family == 4:
        return ip.number >> 8 == 0xE00000
    return ip.number >> 112 & 0xFF0F == 0xFF02


def is_link_local_unicast(ip: IP) -> bool:
    """169.254.0.0/16 or fe80::/10."""
    return ip.number >> 16 == 0xA9FE if ip.family == 4 else ip.number >> 118 == 0xFE80 >> 6


def is_global_unicast(ip: IP) -> bool:
    """None of unspecified, broadcast, loopback, multicast, link-local; private addresses are global."""
    if ip.family == 4:
        special = ip.number == 0xFFFFFFFF or ip.number >> 28 == 0xE
    else:
        special = ip.number >> 120 == 0xFF
    return not (special or is_unspecified(ip) or is_loopback(ip) or is_link_local_unicast(ip))


IP_LIBRARY = Library(
    "kubernetes.net.ip",
    functions=(
        Function("ip", Overload("string_to_ip", (STRING,), IP_TYPE, to_ip)),
        Function("isIP", Overload("is_ip", (STRING,), BOOL, is_ip)),
        Function("ip.isCanonical", Overload("ip_is_canonical", (STRING,), BOOL, is_canonical)),
        Function("family", Overload("ip_family", (IP_TYPE,), INT, family, is_member=True)),
        Function("string", Overload("ip_to_string", (IP_TYPE,), STRING, str)),
        *(
            Function(name, Overload(overload, (IP_TYPE,), BOOL, implementation, is_member=True))
            for name, overload, implementation in (
                ("isUnspecified", "ip_is_unspecified", is_unspecified),
                ("isLoopback", "ip_is_loopback", is_loopback),
                ("isLinkLocalMulticast", "ip_is_link_local_multicast", is_link_local_multicast),
                ("isLinkLocalUnicast", "ip_is_link_local_unicast", is_link_local_unicast),
                ("isGlobalUnicast", "ip_is_global_unicast", is_global_unicast),
            )
        ),
    ),
    types=(IP_TYPE,),
)
