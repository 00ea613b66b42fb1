"""Rules for pods of Windows nodes, and for what only they, or only others, may say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from wherry.api.field import FieldError, forbidden, invalid
from wherry.api.meta.names import dns1123_subdomain_faults

Faults = list[FieldError]
Part = dict[str, Any]

_MAX_SPEC_KIB = 64
_MAX_DOMAIN, _MAX_USER = 256, 104
_has_control = re.compile(r"[\x00-\x1f\x7f]").search
_is_netbios = re.compile(r'[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}\Z').match
_DNS_LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_is_dns = re.compile(rf"{_DNS_LABEL}(?:\.{_DNS_LABEL})*\Z").match
_has_bad_character = re.compile(r'["/\\:;|=,+*?<>@\[\]]').search
_is_dots = re.compile(r"[. ]+\Z").match
_SORTS = ("initContainers", "containers", "ephemeralContainers")
_NOT_FOR_WINDOWS = "cannot be set for a windows pod"
_POD_FIELDS = (
    ("securityContext", "appArmorProfile"),
    ("securityContext", "seLinuxOptions"),
    ("", "hostUsers"),
    ("", "hostPID"),
    ("", "hostIPC"),
    ("securityContext", "seccompProfile"),
    ("securityContext", "fsGroup"),
    ("securityContext", "fsGroupChangePolicy"),
    ("securityContext", "sysctls"),
    ("", "shareProcessNamespace"),
    ("securityContext", "runAsUser"),
    ("securityContext", "runAsGroup"),
    ("securityContext", "supplementalGroups"),
    ("securityContext", "supplementalGroupsPolicy"),
    ("securityContext", "seLinuxChangePolicy"),
)
_CONTAINER_FIELDS = (
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
)


def each_container(spec: Part, path: str) -> Iterator[tuple[Part, str]]:
    """All containers of all sorts with their paths, in the order in which upstream visits them."""
    for field in _SORTS:
        for index, container in enumerate(spec.get(field) or ()):
            yield container, f"{path}.{field}[{index}]"


def validate_system(spec: Part, system: str, path: str, faults: Faults) -> None:
    """What a pod of one system may not say is for the other."""
    if system == "linux":
        why = "windows options cannot be set for a linux pod"
        if (spec.get("securityContext") or {}).get("windowsOptions") is not None:
            faults.append(forbidden(path + ".securityContext.windowsOptions", why))
        for container, where in each_container(spec, path):
            if (container.get("securityContext") or {}).get("windowsOptions") is not None:
                faults.append(forbidden(where + ".securityContext.windowsOptions", why))
        return
    for owner, field in _POD_FIELDS:
        value = (spec.get(owner) or {}).get(field) if owner else spec.get(field)
        if value is not None and (value or field not in ("hostPID", "hostIPC")):
            faults.append(forbidden(".".join(filter(None, (path, owner, field))), _NOT_FOR_WINDOWS))
    for container, where in each_container(spec, path):
        context = container.get("securityContext") or {}
        for field in _CONTAINER_FIELDS:
            if context.get(field) is not None:
                faults.append(forbidden(f"{where}.securityContext.{field}", _NOT_FOR_WINDOWS))


def validate_host_process(spec: Part, path: str, faults: Faults) -> None:
    """Containers that are processes of their Windows host: all of a pod or none, and on its network."""
    if not _is_of_windows(spec):
        return
    of_pod = _host_process(spec)
    count = total = 0
    for container, where in each_container(spec, path):
        total += 1
        own = _host_process(container)
        if of_pod is not None and own is not None and own is not of_pod:
            why = f"pod hostProcess value must be identical if both are specified, was {str(of_pod).lower()}"
            faults.append(invalid(where + ".securityContext.windowsOptions.hostProcess", own, why))
        count += bool(of_pod if own is None else own)
    if not count:
        return
    if count != total:
        why = "If pod contains any hostProcess containers then all containers must be HostProcess containers"
        faults.append(invalid(path, "", why))
    if not spec.get("hostNetwork"):
        why = "hostNetwork must be true if pod contains any hostProcess containers"
        faults.append(invalid(path + ".hostNetwork", False, why))


def _is_of_windows(spec: Part) -> bool:
    """Whether any part has options for Windows; hardly ever."""
    if "windowsOptions" in (spec.get("securityContext") or ()):
        return True
    return any(
        "windowsOptions" in (container.get("securityContext") or ())
        for field in _SORTS
        if field in spec
        for container in spec[field]
    )


def _host_process(part: Part) -> bool | None:
    found: bool | None = ((part.get("securityContext") or {}).get("windowsOptions") or {}).get("hostProcess")
    return found


def validate_windows_options(options: Part, path: str, faults: Faults) -> None:
    """The options of a pod or of one container."""
    name, spec, user = (options.get(f) for f in ("gmsaCredentialSpecName", "gmsaCredentialSpec", "runAsUserName"))
    if name is not None:
        faults += [invalid(path + ".gmsaCredentialSpecName", name, why) for why in dns1123_subdomain_faults(name)]
    if spec is not None:
        if not spec:
            why = "gmsaCredentialSpec cannot be an empty string"
            faults.append(invalid(path + ".gmsaCredentialSpec", spec, why))
        elif len(spec.encode()) > _MAX_SPEC_KIB * 1024:
            why = f"gmsaCredentialSpec size must be under {_MAX_SPEC_KIB} KiB"
            faults.append(invalid(path + ".gmsaCredentialSpec", spec, why))
    if user is not None:
        faults += [invalid(path + ".runAsUserName", user, why) for why in _user_faults(user)]


def _user_faults(text: str) -> Iterator[str]:
    if not text:
        yield "runAsUserName cannot be an empty string"
    elif _has_control(text):
        yield "runAsUserName cannot contain control characters"
    elif text.count("\\") > 1:
        yield "runAsUserName cannot contain more than one backslash"
    else:
        domain, backslash, user = text.rpartition("\\")
        if len(domain.encode()) >= _MAX_DOMAIN:
            yield f"runAsUserName's Domain length must be under {_MAX_DOMAIN} characters"
        if backslash and not (_is_netbios(domain) or _is_dns(domain)):
            yield "runAsUserName's Domain doesn't match the NetBios nor the DNS format"
        if not user:
            yield "runAsUserName's User cannot be empty"
        elif len(user.encode()) > _MAX_USER:
            yield f"runAsUserName's User length must not be longer than {_MAX_USER} characters"
        if _is_dots(user):
            yield "runAsUserName's User cannot contain only periods or spaces"
        if _has_bad_character(user):
            yield "runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]"
