"""What a running pod may be given more or less of: cpu and memory, as long as it stays in its class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wherry.api import Obj
from wherry.api.core.podspec.qos import qos_class
from wherry.api.field import FieldError, forbidden, invalid

_RESIZABLE = frozenset({"cpu", "memory"})
_ONLY = "only cpu and memory resources are mutable"
_KINDS = ("containers", "initContainers")


def take_resources(pod: Obj, wanted: Obj) -> None:
    """Carry over what a resize may say: the resources of containers, in the order of `wanted`, and of the pod."""
    spec, theirs = pod["spec"], wanted.get("spec") or {}
    for kind in _KINDS:
        ours = {each["name"]: each for each in spec.get(kind) or ()}
        if kind in theirs or kind in spec:
            spec[kind] = [_resized(ours.get(each.get("name")), each) for each in theirs.get(kind) or ()]
    if "resources" in theirs:
        spec["resources"] = theirs["resources"]
    else:
        spec.pop("resources", None)


def _resized(container: Obj | None, wanted: Obj) -> Obj:
    """A container with the resources that are wanted; one that was not there is left for validation to refuse."""
    return wanted if container is None else {**container, "resources": wanted.get("resources") or {}}


def validate_resize(new: Obj, old: Obj) -> list[FieldError]:
    """Faults of a resize of `old` to `new`."""
    if "kubernetes.io/config.mirror" in (old["metadata"].get("annotations") or {}):
        return [forbidden("", "static pods cannot be resized")]
    spec, before = new["spec"], old["spec"]
    if (before.get("os") or {}).get("name") == "windows":
        return [forbidden("", "windows pods cannot be resized")]
    faults = list(_validate_class(spec, old))
    faults += _validate_pod_level(spec, before)
    misplaced = [fault for kind in _KINDS for fault in _validate_order(kind, spec, before)]
    if misplaced:
        return faults + misplaced
    for kind in _KINDS:
        for index, (container, previous) in enumerate(zip(spec.get(kind) or (), before.get(kind) or (), strict=True)):
            faults += _validate_container(kind, index, container, previous)
    return faults


def _validate_class(spec: Obj, old: Obj) -> Iterator[FieldError]:
    kept = (old.get("status") or {}).get("qosClass") or qos_class(old["spec"])
    if qos_class(spec) != kept:
        yield invalid("spec", kept, "Pod QOS Class may not change as a result of resizing")
    for status in (old.get("status") or {}).get("containerStatuses") or ():
        if "running" in (status.get("state") or {}):
            if status.get("resources") is None:
                yield forbidden("spec", "Pod running on node without support for resize")
            return


def _validate_pod_level(spec: Obj, before: Obj) -> Iterator[FieldError]:
    resources, previous = spec.get("resources"), before.get("resources")
    if previous and resources is None:
        yield forbidden("spec.resources", "pod-level resources cannot be removed")
        return
    yield from _validate_kept("spec.resources", "pod-level resource", resources, previous)
    if _fixed(resources) != _fixed(previous):
        yield forbidden("spec", f"{_ONLY} at pod-level")


def _validate_order(kind: str, spec: Obj, before: Obj) -> Iterator[FieldError]:
    containers, previous = spec.get(kind) or (), before.get(kind) or ()
    if len(containers) != len(previous):
        yield forbidden(f"spec.{kind}", f"{kind} may not be added or removed on resize")
        return
    for index, (container, other) in enumerate(zip(containers, previous, strict=True)):
        if container.get("name") != other["name"]:
            yield forbidden(f"spec.{kind}[{index}].name", f"{kind} may not be renamed or reordered on resize")


def _validate_container(kind: str, index: int, container: Obj, previous: Obj) -> Iterator[FieldError]:
    path = f"spec.{kind}[{index}]"
    resources, before = container.get("resources"), previous.get("resources")
    yield from _validate_kept(f"{path}.resources", "resource", resources, before)
    is_init = kind == "initContainers"
    if _fixed(resources) != _fixed(before):
        why = "only cpu and memory resources for init or sidecar containers are mutable" if is_init else _ONLY
        yield forbidden(path if is_init else "spec", why)
    restarts = any(policy.get("restartPolicy") == "RestartContainer" for policy in container.get("resizePolicy") or ())
    if is_init and restarts and container != previous and container.get("restartPolicy") != "Always":
        why = "non-sidecar init containers with a resize policy of RestartContainer cannot be resized"
        yield forbidden(path, why)


def _validate_kept(path: str, what: str, resources: Obj | None, before: Obj | None) -> Iterator[FieldError]:
    for part in ("requests", "limits"):
        if ((before or {}).get(part) or {}).keys() - ((resources or {}).get(part) or {}).keys():
            yield forbidden(f"{path}.{part}", f"{what} {part} cannot be removed")


def _fixed(resources: Obj | None) -> dict[str, Any]:
    """The part of resources that a resize may not touch."""
    resources = resources or {}
    fixed: dict[str, Any] = {"claims": resources.get("claims") or []}
    for part in ("limits", "requests"):
        amounts = resources.get(part) or {}
        fixed[part] = {name: amount for name, amount in amounts.items() if name not in _RESIZABLE}
    return fixed
