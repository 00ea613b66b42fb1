"""Rules for security contexts of pods and containers."""

from __future__ import annotations

import re
from typing import Any

from wherry.api.core.podspec.volumesources import validate_relative
from wherry.api.core.podspec.windows import validate_windows_options
from wherry.api.field import FieldError, duplicate, forbidden, invalid, not_supported, required, too_long
from wherry.api.meta.names import in_range_text

Faults = list[FieldError]
Part = dict[str, Any]

_PROFILES = ("Localhost", "RuntimeDefault", "Unconfined")
_MAX_ID = 2**31 - 1
_PROC_MOUNTS = ("Default", "Unmasked")
_FS_GROUP_POLICIES = ("Always", "OnRootMismatch")
_SELINUX_POLICIES = ("MountOption", "Recursive")
_GROUP_POLICIES = ("Merge", "Strict")
_SYSCTL = "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
_is_sysctl = re.compile(_SYSCTL.rstrip("$") + r"\Z").match
_MAX_SYSCTL, _MAX_PROFILE = 253, 4095
_IPC_SYSCTLS = ("kernel.shm", "kernel.msg", "fs.mqueue.")
_CONTEXT_FIELDS = (
    "capabilities",
    "privileged",
    "seLinuxOptions",
    "windowsOptions",
    "runAsUser",
    "runAsGroup",
    "runAsNonRoot",
    "readOnlyRootFilesystem",
    "allowPrivilegeEscalation",
    "procMount",
    "seccompProfile",
    "appArmorProfile",
)
_GO_NAMES = {"seLinuxOptions": "SELinuxOptions", "hostIPC": "HostIPC"}


def validate_pod_security(context: Part, spec: Part, path: str, faults: Faults) -> None:
    """The part that holds for all containers."""
    if context:
        _validate_ids(context, ("fsGroup", "runAsUser", "runAsGroup"), path, faults)
        for index, group in enumerate(context.get("supplementalGroups") or ()):
            if not 0 <= group <= _MAX_ID:
                faults.append(invalid(f"{path}.supplementalGroups[{index}]", group, in_range_text(0, _MAX_ID)))
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        why = "ShareProcessNamespace and HostPID cannot both be enabled"
        faults.append(invalid(path + ".shareProcessNamespace", True, why))
    if not context:
        return
    if sysctls := context.get("sysctls"):
        _validate_sysctls(sysctls, spec, path + ".sysctls", faults)
    _validate_choice(context, "fsGroupChangePolicy", _FS_GROUP_POLICIES, path, faults)
    _validate_profiles(context, path, faults)
    _validate_choice(context, "supplementalGroupsPolicy", _GROUP_POLICIES, path, faults)
    _validate_choice(context, "seLinuxChangePolicy", _SELINUX_POLICIES, path, faults)


def validate_container_security(context: Part, path: str, host_users: bool, faults: Faults) -> None:
    """The part that one container has for itself."""
    _validate_ids(context, ("runAsUser", "runAsGroup"), path, faults)
    proc_mount = context.get("procMount")
    if proc_mount is not None:
        if proc_mount not in _PROC_MOUNTS:
            faults.append(not_supported(path + ".procMount", proc_mount, _PROC_MOUNTS))
        elif host_users and proc_mount == "Unmasked":
            faults.append(invalid(path + ".procMount", proc_mount, "`hostUsers` must be false to use `Unmasked`"))
    if context.get("allowPrivilegeEscalation") is False:
        if context.get("privileged"):
            why = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
            faults.append(invalid(path, _as_go(context, _CONTEXT_FIELDS), why))
        if "CAP_SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or ()):
            why = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
            faults.append(invalid(path, _as_go(context, _CONTEXT_FIELDS), why))
    _validate_profiles(context, path, faults)


def validate_host_users(spec: Part, path: str, faults: Faults) -> None:
    """Users of its own do not go together with other things of the host."""
    for field, name in (("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")):
        if spec.get(field):
            faults.append(forbidden(f"{path}.{name}", "when `pod.Spec.HostUsers` is false"))


def _validate_ids(context: Part, names: tuple[str, ...], path: str, faults: Faults) -> None:
    for name in names:
        value = context.get(name)
        if value is not None and not 0 <= value <= _MAX_ID:
            faults.append(invalid(f"{path}.{name}", value, in_range_text(0, _MAX_ID)))


def _validate_choice(context: Part, name: str, choices: tuple[str, ...], path: str, faults: Faults) -> None:
    value = context.get(name)
    if value is not None and value not in choices:
        faults.append(not_supported(f"{path}.{name}", value, choices))


def _validate_sysctls(sysctls: list[Part], spec: Part, path: str, faults: Faults) -> None:
    seen: set[str] = set()
    for index, sysctl in enumerate(sysctls):
        where, name = f"{path}[{index}].name", sysctl.get("name") or ""
        if not name:
            faults.append(required(where))
        elif len(name) > _MAX_SYSCTL or not _is_sysctl(name):
            why = f"must have at most {_MAX_SYSCTL} characters and match regex {_SYSCTL}"
            faults.append(invalid(where, name, why))
        elif name in seen:
            faults.append(duplicate(where, name))
        seen.add(name)
        plain = name.replace("/", ".")
        if spec.get("hostNetwork") and plain.startswith("net."):
            faults.append(invalid(where, name, "may not be specified when 'hostNetwork' is true"))
        elif spec.get("hostIPC") and (plain.startswith(_IPC_SYSCTLS) or plain == "kernel.sem"):
            faults.append(invalid(where, name, "may not be specified when 'hostIPC' is true"))


def _validate_profiles(context: Part, path: str, faults: Faults) -> None:
    if profile := context.get("seccompProfile"):
        _validate_seccomp(profile, path + ".seccompProfile", faults)
    if options := context.get("windowsOptions"):
        validate_windows_options(options, path + ".windowsOptions", faults)
    if profile := context.get("appArmorProfile"):
        _validate_apparmor(profile, path + ".appArmorProfile", faults)


def _validate_seccomp(profile: Part, path: str, faults: Faults) -> None:
    kind, local = profile.get("type") or "", profile.get("localhostProfile")
    if not kind:
        faults.append(required(path + ".type", "type is required when seccompProfile is set"))
    elif kind not in _PROFILES:
        faults.append(not_supported(path + ".type", kind, _PROFILES))
    if kind == "Localhost":
        if local is None:
            faults.append(required(path + ".localhostProfile", "must be set when seccomp type is Localhost"))
        else:
            validate_relative(local, path + ".localhostProfile", faults)
    elif local is not None:
        shown = _as_go(profile, ("type", "localhostProfile"))
        faults.append(invalid(path + ".localhostProfile", shown, "can only be set when seccomp type is Localhost"))


def _validate_apparmor(profile: Part, path: str, faults: Faults) -> None:
    kind, local, where = profile.get("type") or "", profile.get("localhostProfile"), path + ".localhostProfile"
    if kind == "Localhost":
        if not local:
            faults.append(required(where, "must be set when AppArmor type is Localhost"))
        elif local != local.strip():
            faults.append(invalid(where, local, "must not be padded with whitespace"))
        if len(local or "") > _MAX_PROFILE:
            faults.append(too_long(where, _MAX_PROFILE))
    elif not kind:
        faults.append(required(path + ".type", "type is required when appArmorProfile is set"))
    elif kind not in _PROFILES:
        faults.append(not_supported(path + ".type", kind, _PROFILES))
    elif local is not None:
        faults.append(invalid(where, local, "can only be set when AppArmor type is Localhost"))


def _as_go(part: Part, fields: tuple[str, ...]) -> Part:
    """As upstream shows a value of its own: all fields, under their Go names."""
    return {_GO_NAMES.get(field) or field[0].upper() + field[1:]: part.get(field) for field in fields}
