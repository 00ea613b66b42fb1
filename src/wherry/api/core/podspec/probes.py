"""Rules for probes and lifecycle handlers."""

from __future__ import annotations

import signal
from typing import Any

from wherry.api.core.podspec.context import Context
from wherry.api.field import FieldError, forbidden, invalid, not_supported, required
from wherry.api.meta.names import header_name_faults, in_range_text, port_name_faults
from wherry.api.meta.objectmeta import NOT_NEGATIVE

Faults = list[FieldError]

_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_COUNTS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
_SCHEMES = ("HTTP", "HTTPS")
_WINDOWS_SIGNALS = ("SIGKILL", "SIGTERM")
_LINUX_SIGNALS = tuple(
    sorted(
        {each.name for each in signal.Signals}
        | {f"SIGRTMIN+{n}" for n in range(1, 16)}
        | {f"SIGRTMAX-{n}" for n in range(1, 15)}
    )
)


def validate_probes(container: dict[str, Any], path: str, faults: Faults) -> None:
    """The three probes of a container."""
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(name)
        if probe is None:
            continue
        _validate_probe(probe, f"{path}.{name}", faults)
        grace = probe.get("terminationGracePeriodSeconds")
        if grace is not None and grace <= 0:
            faults.append(invalid(f"{path}.{name}.terminationGracePeriodSeconds", grace, "must be greater than 0"))
        if name != "readinessProbe":
            if probe.get("successThreshold") != 1:
                found = probe.get("successThreshold") or 0
                faults.append(invalid(f"{path}.{name}.successThreshold", found, "must be 1"))
        elif grace is not None:
            why = "must not be set for readinessProbes"
            faults.append(invalid(f"{path}.{name}.terminationGracePeriodSeconds", grace, why))


def _validate_probe(probe: dict[str, Any], path: str, faults: Faults) -> None:
    _validate_handler(probe, path, faults)
    for name in _COUNTS:
        if (probe.get(name) or 0) < 0:
            faults.append(invalid(f"{path}.{name}", probe[name], NOT_NEGATIVE))


def validate_lifecycle(lifecycle: dict[str, Any], path: str, context: Context, faults: Faults) -> None:
    """What runs after the start and before the end, and by which signal the end comes."""
    for name in ("postStart", "preStop"):
        handler = lifecycle.get(name)
        if handler is None:
            continue
        _validate_handler(handler, f"{path}.{name}", faults)
        if sleep := handler.get("sleep"):
            seconds, grace = sleep.get("seconds") or 0, context.grace
            if seconds < 0 or seconds > grace:
                why = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
                faults.append(invalid(f"{path}.{name}.sleep", seconds, why))
    if (stop := lifecycle.get("stopSignal")) is not None:
        _validate_signal(stop, path + ".stopSignal", context.system, faults)


def _validate_signal(stop: str, path: str, system: str, faults: Faults) -> None:
    if not system:
        faults.append(forbidden(path, "may not be set for containers with empty `spec.os.name`"))
        return
    known = _WINDOWS_SIGNALS if system == "windows" else _LINUX_SIGNALS
    if stop not in known:
        faults.append(not_supported(path, stop, known))


def _validate_handler(handler: dict[str, Any], path: str, faults: Faults) -> None:
    found = 0
    for name in _HANDLERS:
        action = handler.get(name)
        if action is None:
            continue
        found += 1
        if found > 1:
            faults.append(forbidden(f"{path}.{name}", "may not specify more than 1 handler type"))
        elif name == "exec":
            if not action.get("command"):
                faults.append(required(f"{path}.exec.command"))
        elif name == "httpGet":
            _validate_http(action, f"{path}.httpGet", faults)
        elif name != "sleep":
            validate_port(action.get("port"), f"{path}.{name}.port", faults)
    if not found:
        faults.append(required(path, "must specify a handler type"))


def _validate_http(action: dict[str, Any], path: str, faults: Faults) -> None:
    if not action.get("path"):
        faults.append(required(path + ".path"))
    validate_port(action.get("port"), path + ".port", faults)
    if action.get("scheme") not in _SCHEMES:
        faults.append(not_supported(path + ".scheme", action.get("scheme") or "", _SCHEMES))
    for header in action.get("httpHeaders") or ():
        name = header.get("name") or ""
        faults += [invalid(path + ".httpHeaders", name, why) for why in header_name_faults(name)]


def validate_port(port: int | str | None, path: str, faults: Faults) -> None:
    """A number in range or a well-formed name."""
    if isinstance(port, str):
        faults += [invalid(path, port, why) for why in port_name_faults(port)]
    elif not 1 <= (port or 0) <= 65535:
        faults.append(invalid(path, port or 0, in_range_text(1, 65535)))
