"""Rules for how a pod is called and how it finds names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from wherry.api.field import FieldError, forbidden, invalid, required, too_long
from wherry.api.meta.addresses import validate_legacy_ip
from wherry.api.meta.names import dns1123_subdomain_faults, pattern_text, too_long_text

Faults = list[FieldError]
Spec = dict[str, Any]

_MOST_SERVERS, _MOST_SEARCHES, _MOST_CHARACTERS = 3, 32, 2048
_MAX_HOST_NAME = 64
_UNDERSCORED = r"[a-z0-9_]([-_a-z0-9]*[a-z0-9])?(\.[a-z0-9_]([-_a-z0-9]*[a-z0-9])?)*"
_is_underscored = re.compile(_UNDERSCORED + r"\Z").match
_UNDERSCORED_TEXT = pattern_text(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character",
    _UNDERSCORED,
    "example.com",
)


def validate_dns(dns: Spec | None, policy: str, path: str, faults: Faults) -> None:
    """Servers and search paths of a pod's own; who says `None` must have some."""
    servers, searches = (dns or {}).get("nameservers") or [], (dns or {}).get("searches") or []
    if policy == "None":
        if dns is None:
            faults.append(required(path, "must provide `dnsConfig` when `dnsPolicy` is None"))
            return
        if not servers:
            why = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            faults.append(required(path + ".nameservers", why))
            return
    if dns is None:
        return
    if len(servers) > _MOST_SERVERS:
        faults.append(invalid(path + ".nameservers", servers, f"must not have more than {_MOST_SERVERS} nameservers"))
    for index, server in enumerate(servers):
        faults += validate_legacy_ip(server, f"{path}.nameservers[{index}]")
    if len(searches) > _MOST_SEARCHES:
        faults.append(invalid(path + ".searches", searches, f"must not have more than {_MOST_SEARCHES} search paths"))
    if len(" ".join(searches)) > _MOST_CHARACTERS:
        why = f"must not have more than {_MOST_CHARACTERS} characters (including spaces) in the search list"
        faults.append(invalid(path + ".searches", searches, why))
    for index, search in enumerate(searches):
        if search != ".":
            _validate_search(search.removesuffix("."), f"{path}.searches[{index}]", faults)
    for index, option in enumerate(dns.get("options") or ()):
        if not option.get("name"):
            faults.append(required(f"{path}.options[{index}]", "must not be empty"))


def _validate_search(search: str, path: str, faults: Faults) -> None:
    if len(search) > 253:
        faults.append(invalid(path, search, too_long_text(253)))
    if not _is_underscored(search):
        faults.append(invalid(path, search, _UNDERSCORED_TEXT))


def validate_aliases(aliases: Sequence[Spec], path: str, faults: Faults) -> None:
    """Further lines of the hosts file."""
    for index, alias in enumerate(aliases):
        faults += validate_legacy_ip(alias.get("ip") or "", f"{path}[{index}].ip")
        for at, name in enumerate(alias.get("hostnames") or ()):
            where = f"{path}[{index}].hostnames[{at}]"
            faults += [invalid(where, name, why) for why in dns1123_subdomain_faults(name)]


def validate_host_name(spec: Spec, path: str, faults: Faults) -> None:
    """A host name that has nothing to do with the pod's or its subdomain's. (KEP-4762)"""
    name = spec.get("hostnameOverride")
    if name is None:
        return
    where = path + ".hostnameOverride"
    faults += [invalid(where, name, why) for why in dns1123_subdomain_faults(name)]
    if len(name) > _MAX_HOST_NAME:
        faults.append(too_long(where, _MAX_HOST_NAME))
    if spec.get("setHostnameAsFQDN"):
        faults.append(forbidden(where, "may not be specified when `setHostnameAsFQDN` is true"))
    if spec.get("hostNetwork"):
        faults.append(forbidden(where, "may not be specified when `hostNetwork` is true"))
