"""Rules for annotations that mean something to pods: mirrors, the cost of deletion, profiles of old."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from wherry.api.core.podspec.volumesources import validate_relative
from wherry.api.core.podspec.windows import each_container
from wherry.api.field import FieldError, forbidden, invalid

Faults = list[FieldError]
Spec = dict[str, Any]

MIRROR = "kubernetes.io/config.mirror"
_COST = "controller.kubernetes.io/pod-deletion-cost"
_SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"
_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
_LOCALHOST = "localhost/"
_is_cost = re.compile(r"(0|-?[1-9][0-9]*)\Z").match


def validate_annotations(annotations: Mapping[str, str], spec: Spec, path: str, faults: Faults) -> None:
    """Of a pod or template."""
    for key, value in annotations.items():
        if key == MIRROR:
            if not spec.get("nodeName"):
                why = "must set spec.nodeName if mirror pod annotation is set"
                faults.append(invalid(f"{path}[{key}]", value, why))
        elif key == _COST:
            if not _is_cost(value) or not -(2**31) <= int(value) < 2**31:
                faults.append(invalid(f"{path}[{key}]", value, "must be a 32bit integer"))
        elif key == _SECCOMP_POD or key.startswith(_SECCOMP_CONTAINER):
            _validate_seccomp(value, f"{path}.{key}", faults)
        elif key.startswith(_APPARMOR):
            _validate_apparmor(key, value, spec, path, faults)


def _validate_seccomp(value: str, path: str, faults: Faults) -> None:
    if value in ("runtime/default", "docker/default", "unconfined"):
        return
    if value.startswith(_LOCALHOST):
        validate_relative(value.removeprefix(_LOCALHOST), path, faults)
    else:
        faults.append(invalid(path, value, "must be a valid seccomp profile"))


def _validate_apparmor(key: str, value: str, spec: Spec, path: str, faults: Faults) -> None:
    name = key.removeprefix(_APPARMOR)
    if all(container.get("name") != name for container, _ in each_container(spec, "")):
        faults.append(invalid(f"{path}[{key}]", name, "container not found"))
    if value not in ("", "runtime/default", "unconfined") and not value.startswith(_LOCALHOST):
        faults.append(invalid(f"{path}[{key}]", value, f'invalid AppArmor profile name: "{value}"'))


def validate_agreement(annotations: Mapping[str, str], spec: Spec, path: str, faults: Faults) -> None:
    """Where old annotations and fields speak of the same profile, they must say the same."""
    pod = spec.get("securityContext") or {}
    if _SECCOMP_POD in annotations and (profile := pod.get("seccompProfile")):
        _agree(annotations[_SECCOMP_POD], profile, "seccomp", f"{path}.securityContext.seccompProfile", faults)
    for container, where in each_container(spec, path):
        own, name = container.get("securityContext") or {}, container.get("name") or ""
        profile, text = own.get("seccompProfile"), annotations.get(_SECCOMP_CONTAINER + name)
        if profile and text is not None:
            _agree(text, profile, "seccomp", where + ".securityContext.seccompProfile", faults)
        profile, text = own.get("appArmorProfile") or pod.get("appArmorProfile"), annotations.get(_APPARMOR + name)
        if profile and text is not None and (spec.get("os") or {}).get("name") != "windows":
            _agree(text, profile, "apparmor", where + ".securityContext.appArmorProfile", faults)


def _agree(text: str, profile: Spec, what: str, path: str, faults: Faults) -> None:
    kind = profile.get("type")
    if kind == "Localhost":
        if not text.startswith(_LOCALHOST):
            faults.append(forbidden(path + ".type", f"{what} type in annotation and field must match"))
        elif text.removeprefix(_LOCALHOST) != profile.get("localhostProfile"):
            faults.append(forbidden(path + ".localhostProfile", f"{what} profile in annotation and field must match"))
        return
    accepted = {"Unconfined": ("unconfined",), "RuntimeDefault": ("runtime/default",)}.get(kind or "", (text,))
    if text not in accepted and not (what == "seccomp" and kind == "RuntimeDefault" and text == "docker/default"):
        faults.append(forbidden(path + ".type", f"{what} type in annotation and field must match"))


def validate_annotation_update(new: Mapping[str, str], old: Mapping[str, str], path: str, faults: Faults) -> None:
    """What was decided with the pod stays."""
    for key in old.keys() | new.keys():
        if new.get(key) == old.get(key):
            continue
        is_new = key not in old
        if key.startswith(_APPARMOR):
            why = "may not add AppArmor annotations" if is_new else "may not remove or update AppArmor annotations"
            faults.append(forbidden(f"{path}[{key}]", why))
        elif key == MIRROR:
            why = "may not add mirror pod annotation" if is_new else "may not remove or update mirror pod annotation"
            faults.append(forbidden(f"{path}[{key}]", why))
