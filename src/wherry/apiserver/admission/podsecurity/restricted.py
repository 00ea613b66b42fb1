"""The restricted level: a pod that has given up all it does not need."""

from __future__ import annotations

from wherry.api import Obj
from wherry.apiserver.admission.podsecurity.baseline import BASELINE_ALWAYS, added_capabilities
from wherry.apiserver.admission.podsecurity.findings import (
    Check,
    Container,
    Finding,
    containers,
    context,
    named,
    offending,
    quoted,
)

_VOLUMES = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)
_SECCOMP = frozenset({"RuntimeDefault", "Localhost"})
_NET_BIND = frozenset({"NET_BIND_SERVICE"})


def privilege_escalation(_: Obj, spec: Obj) -> Finding | None:
    if _is_windows(spec):
        return None
    bad = offending(spec, lambda container: context(container).get("allowPrivilegeEscalation") is not False)
    if not bad:
        return None
    detail = f"{named(bad)} must set securityContext.allowPrivilegeEscalation=false"
    return Finding("allowPrivilegeEscalation != false", detail)


def capabilities(_: Obj, spec: Obj) -> Finding | None:
    if _is_windows(spec):
        return None
    details = []
    if keeping := offending(spec, _keeps_capabilities):
        details.append(f'{named(keeping)} must set securityContext.capabilities.drop=["ALL"]')
    bad, added = added_capabilities(spec, _NET_BIND)
    if bad:
        details.append(f"{named(bad)} must not include {quoted(added)} in securityContext.capabilities.add")
    return Finding("unrestricted capabilities", "; ".join(details)) if details else None


def volume_types(_: Obj, spec: Obj) -> Finding | None:
    bad = [(volume["name"], kind) for volume in spec.get("volumes") or () for kind in volume if _is_restricted(kind)]
    if not bad:
        return None
    names = [name for name, _ in bad]
    kinds = sorted({kind for _, kind in bad})
    verb = "uses" if len(names) == 1 else "use"
    what = f"restricted volume type{'' if len(kinds) == 1 else 's'} {quoted(kinds)}"
    return Finding("restricted volume types", f"{named(names, 'volume')} {verb} {what}")


def run_as_non_root(_: Obj, spec: Obj) -> Finding | None:
    choice = context(spec).get("runAsNonRoot")
    who = ["pod"] if choice is False else []
    if bad := offending(spec, lambda container: context(container).get("runAsNonRoot") is False):
        who.append(named(bad))
    if who:
        return Finding("runAsNonRoot != true", f"{' and '.join(who)} must not set securityContext.runAsNonRoot=false")
    if choice:
        return None
    silent = offending(spec, lambda container: context(container).get("runAsNonRoot") is None)
    if not silent:
        return None
    detail = f"pod or {named(silent)} must set securityContext.runAsNonRoot=true"
    return Finding("runAsNonRoot != true", detail)


def run_as_user(_: Obj, spec: Obj) -> Finding | None:
    who = ["pod"] if context(spec).get("runAsUser") == 0 else []
    if bad := offending(spec, lambda container: context(container).get("runAsUser") == 0):
        who.append(named(bad))
    return Finding("runAsUser=0", f"{' and '.join(who)} must not set runAsUser=0") if who else None


def seccomp(_: Obj, spec: Obj) -> Finding | None:
    if _is_windows(spec):
        return None
    pods = _seccomp(spec)
    who = ["pod"] if pods not in (None, *_SECCOMP) else []
    values = {pods} if who else set()
    bad = [container for container in containers(spec) if _seccomp(container) not in (None, *_SECCOMP)]
    if bad:
        who.append(named([container["name"] for container in bad]))
        values |= {_seccomp(container) for container in bad}
    if who:
        shown = quoted(sorted(str(value) for value in values))
        return Finding(
            "seccompProfile", f"{' and '.join(who)} must not set securityContext.seccompProfile.type to {shown}"
        )
    silent = offending(spec, lambda container: _seccomp(container) is None)
    if pods is not None or not silent:
        return None
    wanted = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return Finding("seccompProfile", f"pod or {named(silent)} {wanted}")


def _keeps_capabilities(container: Container) -> bool:
    return "ALL" not in ((context(container).get("capabilities") or {}).get("drop") or ())


def _is_restricted(kind: str) -> bool:
    return kind != "name" and kind not in _VOLUMES


def _seccomp(holder: Obj) -> str | None:
    kind: str | None = (context(holder).get("seccompProfile") or {}).get("type")
    return kind


def _is_windows(spec: Obj) -> bool:
    return (spec.get("os") or {}).get("name") == "windows"


RESTRICTED: tuple[Check, ...] = (
    *BASELINE_ALWAYS,
    privilege_escalation,
    capabilities,
    volume_types,
    run_as_non_root,
    run_as_user,
    seccomp,
)
