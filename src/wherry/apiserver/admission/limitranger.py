"""LimitRanges: what a container asks for when it does not say, and how much anything may ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from wherry.api import Obj
from wherry.api.core.limitrange import LIMITRANGES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.pod import PODS
from wherry.api.meta.quantity import format_quantity, parse_quantity
from wherry.apiserver.admission.refusing import forbidden
from wherry.apiserver.attributes import Admission, Reader

_ANNOTATION = "kubernetes.io/limit-ranger"
Amounts = Mapping[str, str]


def set_default_limits(admission: Admission, reader: Reader) -> None:
    """Fill in requests and limits of containers that name none."""
    pod = admission.obj
    if admission.operation != "CREATE" or admission.subresource or pod is None or admission.resource is not PODS:
        return
    for limits in _limits(reader, admission.namespace, "Container"):
        notes = [
            note
            for kind, title in (("containers", "container"), ("initContainers", "init container"))
            for container in pod["spec"].get(kind) or ()
            for note in _fill(container, title, limits)
        ]
        if notes:
            annotations = pod["metadata"].setdefault("annotations", {})
            annotations[_ANNOTATION] = "LimitRanger plugin set: " + "; ".join(notes)


def enforce_limits(admission: Admission, reader: Reader) -> None:
    """Refuse what asks for too little, too much, or at too wide a ratio."""
    obj = admission.obj
    if obj is None or admission.operation not in ("CREATE", "UPDATE") or admission.subresource not in ("", "resize"):
        return
    if admission.resource is PODS and (admission.operation == "CREATE" or admission.subresource == "resize"):
        faults = list(_pod_faults(reader, admission.namespace, obj["spec"]))
    elif admission.resource is PERSISTENTVOLUMECLAIMS:
        requests = (obj["spec"].get("resources") or {}).get("requests") or {}
        faults = [
            fault
            for limits in _limits(reader, admission.namespace, "PersistentVolumeClaim")
            for fault in _claim_faults(limits, requests)
        ]
    else:
        return
    if faults:
        raise forbidden(admission, faults[0] if len(faults) == 1 else "[" + ", ".join(faults) + "]")


def _limits(reader: Reader, namespace: str, type: str) -> Iterator[dict[str, Any]]:
    for item in reader.list(LIMITRANGES, namespace):
        for limits in item.decode()["spec"].get("limits") or ():
            if limits.get("type") == type:
                yield limits


def _fill(container: dict[str, Any], title: str, limits: dict[str, Any]) -> Iterator[str]:
    resources = container.setdefault("resources", {})
    for section, defaults, word in (("requests", "defaultRequest", "request"), ("limits", "default", "limit")):
        missing = {
            name: amount
            for name, amount in (limits.get(defaults) or {}).items()
            if name not in (resources.get(section) or {})
        }
        if missing:
            resources[section] = {**(resources.get(section) or {}), **missing}
            yield f"{', '.join(sorted(missing))} {word} for {title} {container['name']}"


def _pod_faults(reader: Reader, namespace: str, spec: Obj) -> Iterator[str]:
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    for limits in _limits(reader, namespace, "Container"):
        for container in containers:
            yield from _faults("Container", limits, container.get("resources") or {})
    for limits in _limits(reader, namespace, "Pod"):
        yield from _faults("Pod", limits, _pod_resources(spec))


def _pod_resources(spec: Obj) -> dict[str, dict[str, str]]:
    """What a pod asks for in all: the sum of its containers, or its greediest init container if that is more."""
    return {section: _total(spec, section) for section in ("requests", "limits")}


def _total(spec: Obj, section: str) -> dict[str, str]:
    total: dict[str, Decimal] = {}
    sidecars: dict[str, Decimal] = {}
    peak: dict[str, Decimal] = {}
    for container in spec.get("initContainers") or ():
        amounts = _amounts(container, section)
        if container.get("restartPolicy") == "Always":
            _add(sidecars, amounts)
            amounts = dict(sidecars)
        else:
            amounts = {name: amount + sidecars.get(name, Decimal(0)) for name, amount in amounts.items()}
        for name, amount in amounts.items():
            peak[name] = max(peak.get(name, amount), amount)
    for container in spec.get("containers") or ():
        _add(total, _amounts(container, section))
    _add(total, sidecars)
    for name, amount in peak.items():
        total[name] = max(total.get(name, amount), amount)
    return {name: format_quantity(amount) for name, amount in total.items()}


def _amounts(container: dict[str, Any], section: str) -> dict[str, Decimal]:
    return {
        name: parse_quantity(amount) for name, amount in ((container.get("resources") or {}).get(section) or {}).items()
    }


def _add(total: dict[str, Decimal], amounts: Mapping[str, Decimal]) -> None:
    for name, amount in amounts.items():
        total[name] = total.get(name, Decimal(0)) + amount


def _faults(kind: str, limits: dict[str, Any], resources: Mapping[str, Amounts]) -> Iterable[str]:
    requests, maxima = resources.get("requests") or {}, resources.get("limits") or {}
    for name, least in (limits.get("min") or {}).items():
        yield from _too_little(kind, name, least, requests.get(name), maxima.get(name))
    for name, most in (limits.get("max") or {}).items():
        yield from _too_much(kind, name, most, requests.get(name), maxima.get(name))
    for name, ratio in (limits.get("maxLimitRequestRatio") or {}).items():
        yield from _too_wide(kind, name, ratio, requests.get(name), maxima.get(name))


def _too_little(kind: str, name: str, least: str, request: str | None, limit: str | None) -> Iterator[str]:
    text = f"minimum {name} usage per {kind} is {least}"
    if request is None:
        yield f"{text}.  No request is specified"
    elif parse_quantity(request) < parse_quantity(least):
        yield f"{text}, but request is {request}"
    elif limit is not None and parse_quantity(limit) < parse_quantity(least):
        yield f"{text}, but limit is {limit}"


def _too_much(kind: str, name: str, most: str, request: str | None, limit: str | None) -> Iterator[str]:
    text = f"maximum {name} usage per {kind} is {most}"
    if limit is None:
        yield f"{text}.  No limit is specified"
    elif parse_quantity(limit) > parse_quantity(most):
        yield f"{text}, but limit is {limit}"
    elif request is not None and parse_quantity(request) > parse_quantity(most):
        yield f"{text}, but request is {request}"


def _too_wide(kind: str, name: str, ratio: str, request: str | None, limit: str | None) -> Iterator[str]:
    text = f"{name} max limit to request ratio per {kind} is {ratio}"
    asked = parse_quantity(request) if request else Decimal(0)
    allowed = parse_quantity(limit) if limit else Decimal(0)
    if not asked:
        yield f"{text}, but no request is specified or request is 0"
    elif not allowed:
        yield f"{text}, but no limit is specified or limit is 0"
    elif allowed / asked > parse_quantity(ratio):
        yield f"{text}, but provided ratio is {float(allowed / asked):f}"


def _claim_faults(limits: dict[str, Any], requests: Amounts) -> Iterator[str]:
    for name, least in (limits.get("min") or {}).items():
        yield from _too_little("PersistentVolumeClaim", name, least, requests.get(name), None)
    for name, most in (limits.get("max") or {}).items():
        request = requests.get(name)
        text = f"maximum {name} usage per PersistentVolumeClaim is {most}"
        if request is None:
            yield f"{text}.  No request is specified"
        elif parse_quantity(request) > parse_quantity(most):
            yield f"{text}, but request is {request}"
