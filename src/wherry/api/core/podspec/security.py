"""Rules for security contexts of pods and containers."""

from __future__ import annotations

from typing import Any

from wherry.api.field import FieldError, duplicate, invalid, not_supported, required
from wherry.api.meta.names import in_range_text

Faults = list[FieldError]

_PROFILES = ("Localhost", "RuntimeDefault", "Unconfined")
_MAX_ID = 2**31 - 1
_PROC_MOUNTS = ("Default", "Unmasked")
_FS_GROUP_POLICIES = ("Always", "OnRootMismatch")


def validate_pod_security(context: dict[str, Any], spec: dict[str, Any], path: str, faults: Faults) -> None:
    """The part that holds for all containers."""
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        why = "ShareProcessNamespace and HostPID cannot both be enabled"
        faults.append(invalid(path + ".shareProcessNamespace", True, why))
    if not context:
        return
    _validate_ids(context, ("runAsUser", "runAsGroup", "fsGroup"), path, faults)
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        if not 0 <= group <= _MAX_ID:
            faults.append(invalid(f"{path}.supplementalGroups[{index}]", group, in_range_text(0, _MAX_ID)))
    policy = context.get("fsGroupChangePolicy")
    if policy is not None and policy not in _FS_GROUP_POLICIES:
        faults.append(not_supported(path + ".fsGroupChangePolicy", policy, _FS_GROUP_POLICIES))
    _validate_profiles(context, path, faults)
    seen: set[str] = set()
    for index, sysctl in enumerate(context.get("sysctls") or ()):
        name = sysctl.get("name") or ""
        if name in seen:
            faults.append(duplicate(f"{path}.sysctls[{index}].name", name))
        seen.add(name)


def validate_container_security(context: dict[str, Any], path: str, faults: Faults) -> None:
    """The part that one container has for itself."""
    _validate_ids(context, ("runAsUser", "runAsGroup"), path, faults)
    proc_mount = context.get("procMount")
    if proc_mount is not None and proc_mount not in _PROC_MOUNTS:
        faults.append(not_supported(path + ".procMount", proc_mount, _PROC_MOUNTS))
    if context.get("allowPrivilegeEscalation") is False:
        if context.get("privileged"):
            why = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
            faults.append(invalid(path, context, why))
        if "CAP_SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or ()):
            why = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
            faults.append(invalid(path, context, why))
    _validate_profiles(context, path, faults)


def _validate_ids(context: dict[str, Any], names: tuple[str, ...], path: str, faults: Faults) -> None:
    for name in names:
        value = context.get(name)
        if value is not None and not 0 <= value <= _MAX_ID:
            faults.append(invalid(f"{path}.{name}", value, in_range_text(0, _MAX_ID)))


def _validate_profiles(context: dict[str, Any], path: str, faults: Faults) -> None:
    for name in ("seccompProfile", "appArmorProfile"):
        profile = context.get(name)
        if profile is None:
            continue
        kind, local = profile.get("type"), profile.get("localhostProfile")
        if kind not in _PROFILES:
            faults.append(not_supported(f"{path}.{name}.type", kind or "", _PROFILES))
        elif kind == "Localhost":
            if not local:
                faults.append(
                    required(f"{path}.{name}.localhostProfile", f"must be set when {_name(name)} type is Localhost")
                )
        elif local is not None:
            faults.append(
                invalid(
                    f"{path}.{name}.localhostProfile", local, f"can only be set when {_name(name)} type is Localhost"
                )
            )


def _name(field: str) -> str:
    return "seccomp" if field == "seccompProfile" else "AppArmor"
