"""Which strings may name a thing: one function per rule, each returning upstream's messages (none when all is well).

The common case costs one match of a compiled expression; messages are made only for what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address, ip_network

NO_FAULTS: tuple[str, ...] = ()

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = _LABEL + r"(\." + _LABEL + ")*"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = f"({_QUALIFIED})?"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_C_IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*"
_HEADER = "[-A-Za-z0-9]+"

_is_label = re.compile(_LABEL + r"\Z").match
_is_subdomain = re.compile(_SUBDOMAIN + r"\Z").match
_is_label_1035 = re.compile(_LABEL_1035 + r"\Z").match
_is_qualified = re.compile(_QUALIFIED + r"\Z").match
_is_value = re.compile(_VALUE + r"\Z").match
_is_config_key = re.compile(_CONFIG_KEY + r"\Z").match
_is_c_identifier = re.compile(_C_IDENTIFIER + r"\Z").match
_is_header = re.compile(_HEADER + r"\Z").match
_is_port_name = re.compile(r"[-a-z0-9]+\Z").match
_is_env_name = re.compile(r"[ -<>-~]+\Z").match
_has_letter = re.compile("[a-z]").search

EMPTY = "must be non-empty"
_NO_DOTS = "must not contain dots"


def too_long_text(limit: int) -> str:
    return f"must be no more than {limit} characters"


def _length_faults(value: str, limit: int, unit: str = "characters") -> list[str]:
    """Bytes are counted in any case; upstream calls them so for what may stand in labels only."""
    return [f"must be no more than {limit} {unit}"] if len(value.encode()) > limit else []


def pattern_text(rule: str, pattern: str, *examples: str) -> str:
    """A rule in words, with examples and the expression itself, as upstream strings them together."""
    if not examples:
        return f"{rule} (regex used for validation is '{pattern}')"
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{rule} (e.g. {shown}regex used for validation is '{pattern}')"


_LABEL_TEXT = pattern_text(
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    "and must start and end with an alphanumeric character",
    _LABEL,
    "my-name",
    "123-abc",
)
_SUBDOMAIN_TEXT = pattern_text(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character",
    _SUBDOMAIN,
    "example.com",
)
_LABEL_1035_TEXT = pattern_text(
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
    "start with an alphabetic character, and end with an alphanumeric character",
    _LABEL_1035,
    "my-name",
    "abc-123",
)
_QUALIFIED_RULE = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)
_QUALIFIED_TEXT = pattern_text(_QUALIFIED_RULE, _QUALIFIED, "MyName", "my.name", "123-abc")
_QUALIFIED_SUMMARY = (
    f"a valid label key {_QUALIFIED_TEXT} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
)
_VALUE_TEXT = pattern_text(
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character",
    _VALUE,
    "MyValue",
    "my_value",
    "12345",
)
_CONFIG_KEY_TEXT = pattern_text(
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    _CONFIG_KEY,
    "key.name",
    "KEY_NAME",
    "key-name",
)
_C_IDENTIFIER_TEXT = pattern_text(
    "a valid C identifier must start with alphabetic character or '_', "
    "followed by a string of alphanumeric characters or '_'",
    _C_IDENTIFIER,
    "my_name",
    "MY_NAME",
    "MyName",
)
_HEADER_TEXT = pattern_text(
    "a valid HTTP header must consist of alphanumeric characters or '-'", _HEADER, "X-Header-Name"
)
_ENV_NAME_TEXT = "a valid environment variable name must consist only of printable ASCII characters other than '='"


def dns1123_label_faults(value: str) -> Sequence[str]:
    """Names that become host names: namespaces, containers, ports of pods."""
    if len(value) <= 63 and _is_label(value):
        return NO_FAULTS
    faults = _length_faults(value, 63)
    if not _is_label(value):
        faults.append(_NO_DOTS if _is_subdomain(value) else _LABEL_TEXT)
    return faults


def dns1123_subdomain_faults(value: str) -> Sequence[str]:
    """Names of most objects."""
    if len(value) <= 253 and _is_subdomain(value):
        return NO_FAULTS
    return _subdomain_faults(value, "characters")


def _subdomain_faults(value: str, unit: str) -> Sequence[str]:
    faults = _length_faults(value, 253, unit)
    return faults if _is_subdomain(value) else [*faults, _SUBDOMAIN_TEXT]


def dns1035_label_faults(value: str) -> Sequence[str]:
    """Names of Services once were more restricted than labels."""
    faults = _length_faults(value, 63)
    return faults if _is_label_1035(value) else [*faults, _LABEL_1035_TEXT]


@lru_cache(4096)
def qualified_name_faults(value: str) -> Sequence[str]:
    """Keys of labels and annotations: a name of up to 63 bytes, with an optional `prefix/` that is a subdomain.

    Remembered, because a cluster writes the same few keys all day.
    """
    if len(value) <= 63 and _is_qualified(value):
        return NO_FAULTS
    prefix, slash, name = value.rpartition("/")
    faults: list[str] = []
    if slash:
        if "/" in prefix:
            return (_QUALIFIED_SUMMARY,)
        if not prefix:
            faults.append("prefix part " + EMPTY)
        else:
            faults += ["prefix part " + why for why in _subdomain_faults(prefix, "bytes")]
    if not name:
        faults.append("name part " + EMPTY)
    faults += ["name part " + why for why in _length_faults(name, 63, "bytes")]
    if not _is_qualified(name):
        faults.append("name part " + _QUALIFIED_TEXT)
    return tuple(faults)


def label_value_faults(value: str) -> Sequence[str]:
    """Values of labels: empty, or up to 63 harmless bytes."""
    if len(value) <= 63 and _is_value(value):
        return NO_FAULTS
    faults = _length_faults(value, 63, "bytes")
    return faults if _is_value(value) else [*faults, _VALUE_TEXT]


_WILDCARD = r"\*\." + _SUBDOMAIN
_is_wildcard = re.compile(_WILDCARD + r"\Z").match
_WILDCARD_TEXT = pattern_text(
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of "
    "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
    _WILDCARD,
    "*.example.com",
)


def wildcard_faults(value: str) -> Sequence[str]:
    """Host names with a star for their first label."""
    faults = _length_faults(value, 253)
    return faults if _is_wildcard(value) else [*faults, _WILDCARD_TEXT]


def path_segment_faults(value: str, is_prefix: bool = False) -> Sequence[str]:
    """Names that need only be one segment of a URL's path (RBAC kinds)."""
    if not is_prefix and value in (".", ".."):
        return [f"may not be '{value}'"]
    return [f"may not contain '{part}'" for part in ("/", "%") if part in value]


def config_key_faults(value: str) -> Sequence[str]:
    """Keys of ConfigMaps and Secrets: they become file names."""
    if len(value) <= 253 and _is_config_key(value) and value[0] != ".":
        return NO_FAULTS
    faults = _length_faults(value, 253)
    if not _is_config_key(value):
        faults.append(_CONFIG_KEY_TEXT)
    if value in (".", ".."):
        faults.append(f"must not be '{value}'")
    elif value.startswith(".."):
        faults.append("must not start with '..'")
    return faults


def env_name_faults(value: str) -> Sequence[str]:
    """Names of environment variables."""
    if not value:
        return ["environment variable name " + EMPTY]
    return NO_FAULTS if _is_env_name(value) else [_ENV_NAME_TEXT]


def c_identifier_faults(value: str) -> Sequence[str]:
    return NO_FAULTS if _is_c_identifier(value) else [_C_IDENTIFIER_TEXT]


def header_name_faults(value: str) -> Sequence[str]:
    return NO_FAULTS if _is_header(value) else [_HEADER_TEXT]


def port_name_faults(value: str) -> Sequence[str]:
    """Names of container ports: IANA service names."""
    faults = _length_faults(value, 15)
    if not _is_port_name(value):
        faults.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not _has_letter(value):
        faults.append("must contain at least one letter (a-z)")
    if "--" in value:
        faults.append("must not contain consecutive hyphens")
    if value and (value[0] == "-" or value[-1] == "-"):
        faults.append("must not begin or end with a hyphen")
    return faults


def port_number_faults(value: int) -> Sequence[str]:
    return NO_FAULTS if 1 <= value <= 65535 else [in_range_text(1, 65535)]


def in_range_text(low: int, high: int) -> str:
    return f"must be between {low} and {high}, inclusive"


def ip_faults(value: str) -> Sequence[str]:
    """Whether the text is an IP address of either family."""
    try:
        ip_address(value)
    except ValueError:
        return ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]
    return NO_FAULTS


def label_name(value: str, is_prefix: bool) -> Sequence[str]:
    """`Resource.validate_name` for kinds whose objects are DNS labels (namespaces, services)."""
    return dns1123_label_faults(mask_trailing_dash(value) if is_prefix else value)


def subdomain_name(value: str, is_prefix: bool) -> Sequence[str]:
    """`Resource.validate_name` for most kinds."""
    return dns1123_subdomain_faults(mask_trailing_dash(value) if is_prefix else value)


def label_1035_name(value: str, is_prefix: bool) -> Sequence[str]:
    return dns1035_label_faults(mask_trailing_dash(value) if is_prefix else value)


def mask_trailing_dash(prefix: str) -> str:
    """What to check of a generateName prefix: `web-` is fine because characters will follow."""
    return prefix[:-2] + "a" if len(prefix) > 1 and prefix.endswith("-") else prefix


def cidr_faults(value: str) -> Sequence[str]:
    """Whether the text is a range of IP addresses."""
    try:
        ip_network(value, strict=False)
    except ValueError:
        return ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"]
    return NO_FAULTS if "/" in value else ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"]


def routable_faults(value: str) -> Sequence[str]:
    """Why a valid address can not be that of an endpoint: traffic to it would not leave the node, or not reach one."""
    address = ip_address(value)
    faults = []
    if address.is_unspecified:
        faults.append(f"may not be unspecified ({value})")
    if address.is_loopback:
        faults.append("may not be in the loopback range (127.0.0.0/8, ::1/128)")
    if address.is_link_local:
        faults.append("may not be in the link-local range (169.254.0.0/16, fe80::/10)")
    if address.is_multicast and address in _LINK_LOCAL_MULTICAST[address.version]:
        faults.append("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)")
    return faults


_LINK_LOCAL_MULTICAST = {4: ip_network("224.0.0.0/24"), 6: ip_network("ff02::/16")}
