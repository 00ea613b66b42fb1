"""The baseline: nothing by which a pod gets at its host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wherry.api import Obj
from wherry.api.core.sysctls import SAFE
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

_CAPABILITIES = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    }
)
_SELINUX_TYPES = frozenset({None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"})
_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"


def apparmor(metadata: Obj, spec: Obj) -> Finding | None:
    details = []
    if _is_unconfined(spec, "appArmorProfile"):
        details.append('pod must not set AppArmor profile type to "Unconfined"')
    if bad := offending(spec, lambda container: _is_unconfined(container, "appArmorProfile")):
        details.append(f'{named(bad)} must not set AppArmor profile type to "Unconfined"')
    annotations = metadata.get("annotations") or {}
    for key, value in sorted(annotations.items()):
        if key.startswith(_APPARMOR) and value not in ("", "runtime/default") and not value.startswith("localhost/"):
            details.append(f'annotation {key}="{value}"')
    if not details:
        return None
    return Finding("forbidden AppArmor profile" + ("s" if len(details) > 1 else ""), ", ".join(details))


def capabilities(_: Obj, spec: Obj) -> Finding | None:
    bad, added = added_capabilities(spec, _CAPABILITIES)
    if not bad:
        return None
    detail = f"{named(bad)} must not include {quoted(added)} in securityContext.capabilities.add"
    return Finding("non-default capabilities", detail)


def host_namespaces(_: Obj, spec: Obj) -> Finding | None:
    used = [f"{name}=true" for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name)]
    return Finding("host namespaces", ", ".join(used)) if used else None


def host_paths(_: Obj, spec: Obj) -> Finding | None:
    bad = [volume["name"] for volume in spec.get("volumes") or () if "hostPath" in volume]
    return Finding("hostPath volumes", named(bad, "volume")) if bad else None


def host_ports(_: Obj, spec: Obj) -> Finding | None:
    bad: list[str] = []
    ports: set[int] = set()
    for container in containers(spec):
        used = {port["hostPort"] for port in container.get("ports") or () if port.get("hostPort")}
        if used:
            bad.append(container["name"])
            ports |= used
    if not bad:
        return None
    plural = "s" if len(ports) > 1 else ""
    listed = ", ".join(str(port) for port in sorted(ports))
    verb = "uses" if len(bad) == 1 else "use"
    return Finding(f"hostPort{plural}", f"{named(bad)} {verb} hostPort{plural} {listed}")


def probe_hosts(_: Obj, spec: Obj) -> Finding | None:
    """A kubelet that probes a host of the pod's choice is a way around the pod's own network."""
    bad: list[str] = []
    hosts: list[str] = []
    for container in containers(spec):
        used = [host for host in _hosts(container) if host]
        if used:
            bad.append(container["name"])
            hosts.extend(host for host in used if host not in hosts)
    if not bad:
        return None
    plural = "s" if len(hosts) > 1 else ""
    verb = "uses" if len(bad) == 1 else "use"
    return Finding("probe or lifecycle host", f"{named(bad)} {verb} probe or lifecycle host{plural} {quoted(hosts)}")


def privileged(_: Obj, spec: Obj) -> Finding | None:
    bad = offending(spec, lambda container: bool(context(container).get("privileged")))
    return Finding("privileged", f"{named(bad)} must not set securityContext.privileged=true") if bad else None


def proc_mount(_: Obj, spec: Obj) -> Finding | None:
    bad = offending(spec, lambda container: context(container).get("procMount") not in (None, "", "Default"))
    if not bad:
        return None
    found = {context(container).get("procMount") for container in containers(spec)} - {None, "", "Default"}
    return Finding(
        "procMount", f"{named(bad)} must not set securityContext.procMount to {quoted(sorted(map(str, found)))}"
    )


def selinux(_: Obj, spec: Obj) -> Finding | None:
    bad = [container for container in containers(spec) if _bad_selinux(container)]
    who = ["pod"] if _bad_selinux(spec) else []
    if bad:
        who.append(named([container["name"] for container in bad]))
    if not who:
        return None
    holders = [spec, *bad] if who[0] == "pod" else bad
    faults = _selinux_faults([context(holder).get("seLinuxOptions") or {} for holder in holders])
    return Finding("seLinuxOptions", f"{' and '.join(who)} set forbidden {faults}")


def seccomp(_: Obj, spec: Obj) -> Finding | None:
    who = []
    if _is_unconfined(spec, "seccompProfile"):
        who.append("pod")
    if bad := offending(spec, lambda container: _is_unconfined(container, "seccompProfile")):
        who.append(named(bad))
    if not who:
        return None
    detail = f'{" and ".join(who)} must not set securityContext.seccompProfile.type to "Unconfined"'
    return Finding("seccompProfile", detail)


def sysctls(_: Obj, spec: Obj) -> Finding | None:
    bad = [one["name"] for one in context(spec).get("sysctls") or () if one["name"] not in SAFE]
    return Finding("forbidden sysctls", ", ".join(bad)) if bad else None


def host_process(_: Obj, spec: Obj) -> Finding | None:
    who = ["pod"] if (context(spec).get("windowsOptions") or {}).get("hostProcess") else []
    if bad := offending(spec, lambda one: bool((context(one).get("windowsOptions") or {}).get("hostProcess"))):
        who.append(named(bad))
    if not who:
        return None
    return Finding("hostProcess", f"{' and '.join(who)} must not set securityContext.windowsOptions.hostProcess=true")


def added_capabilities(spec: Obj, allowed: frozenset[str]) -> tuple[list[str], list[str]]:
    """(containers, capabilities) that are added beyond those allowed."""
    bad: list[str] = []
    added: set[str] = set()
    for container in containers(spec):
        extra = set((context(container).get("capabilities") or {}).get("add") or ()) - allowed
        if extra:
            bad.append(container["name"])
            added |= extra
    return bad, sorted(added)


def _is_unconfined(holder: Obj, key: str) -> bool:
    return (context(holder).get(key) or {}).get("type") == "Unconfined"


def _hosts(container: Container) -> Iterator[str]:
    lifecycle = container.get("lifecycle") or {}
    handlers = [container.get(key) for key in ("livenessProbe", "readinessProbe", "startupProbe")]
    for handler in (*handlers, lifecycle.get("postStart"), lifecycle.get("preStop")):
        for action in ("httpGet", "tcpSocket"):
            yield ((handler or {}).get(action) or {}).get("host") or ""


def _bad_selinux(holder: dict[str, Any]) -> bool:
    options = context(holder).get("seLinuxOptions") or {}
    return options.get("type") not in _SELINUX_TYPES or bool(options.get("user")) or bool(options.get("role"))


def _selinux_faults(options: list[dict[str, Any]]) -> str:
    types = sorted({str(one["type"]) for one in options if one.get("type") not in _SELINUX_TYPES})
    faults = [f"type{'s' if len(types) > 1 else ''} {quoted(types)}"] if types else []
    faults += [f"{key} may not be set" for key in ("user", "role") if any(one.get(key) for one in options)]
    return "securityContext.seLinuxOptions: " + "; ".join(faults)


BASELINE_ALWAYS: tuple[Check, ...] = (
    apparmor,
    host_namespaces,
    host_ports,
    probe_hosts,
    privileged,
    proc_mount,
    selinux,
    sysctls,
    host_process,
)
"""What the restricted level asks for as well."""

BASELINE: tuple[Check, ...] = (
    apparmor,
    capabilities,
    host_namespaces,
    host_paths,
    host_ports,
    probe_hosts,
    privileged,
    proc_mount,
    selinux,
    seccomp,
    sysctls,
    host_process,
)
