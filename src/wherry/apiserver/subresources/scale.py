"""`scale`: the number of replicas of any workload, seen as an `autoscaling/v1 Scale`.

Where a kind keeps its numbers is data (`Resource.scale`); a custom resource may name other paths.
"""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.autoscaling.scale import SCALES
from wherry.api.errors import BadRequest, InternalError
from wherry.api.field import invalid
from wherry.api.meta.labels import selector_of, selector_of_map
from wherry.api.resource import Resource, Scale, Subresource, lookup
from wherry.apiserver import metadata, ownership, pipeline, versions
from wherry.apiserver.core import Call, Core, Outcome
from wherry.apiserver.encode import encode
from wherry.apiserver.pipeline import Faults
from wherry.apiserver.subresources import Target
from wherry.apiserver.verbs.apply import Configuration
from wherry.apiserver.verbs.apply import apply as apply_to
from wherry.apiserver.verbs.get import get as get_item
from wherry.apiserver.verbs.update import rewrite
from wherry.watchcache.item import Item

_SHOWN = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
_UNSET = -(2**31)
"""Upstream's sign that an object has no number of replicas."""
_LABEL_SELECTOR = frozenset({"matchLabels", "matchExpressions"})


async def get(core: Core, call: Call, target: Target, _: Obj | None) -> Outcome:
    """Show an object as a Scale, which takes a number of replicas."""
    obj = await _read(core, target)
    if lookup(obj, path := _scale_of(target.resource).replicas) is None:
        raise InternalError.of(f'the spec replicas field "{path}" does not exist')
    return _outcome(target.resource, obj)


async def get_to_patch(core: Core, call: Call, target: Target, _: Obj | None) -> Outcome:
    """The Scale that a patch starts from; the object need not say a number yet."""
    outcome = _outcome(target.resource, obj := await _read(core, target))
    if lookup(obj, _scale_of(target.resource).replicas) is None:
        outcome.decoded()["spec"]["replicas"] = _UNSET
    return outcome


async def update(core: Core, call: Call, target: Target, body: Obj | None) -> Outcome:
    """Set the number of replicas; all of the object's own rules apply."""
    scale = _checked(call, target, body)
    replicas = lookup(scale, ".spec.replicas") or 0
    asked_version = scale["metadata"].get("resourceVersion") or ""
    asked_uid = scale["metadata"].get("uid") or ""

    def change(item: Item, _: Obj) -> tuple[Obj, Faults]:
        obj = versions.read(target.resource, item)
        if asked_version:
            obj["metadata"]["resourceVersion"] = asked_version
        if asked_uid:
            obj["metadata"]["uid"] = asked_uid
        _put(obj, _scale_of(target.resource).replicas, replicas)
        return obj, ()

    outcome = await rewrite(
        core, call, target.resource, target.namespace, target.name, change, owner=_subresource(target)
    )
    return _outcome(target.resource, outcome.decoded())


async def apply(core: Core, call: Call, target: Target, configuration: Configuration) -> Outcome:
    """Server-side apply of a Scale: an apply of the number of replicas, where the kind keeps it."""
    resource = target.resource

    def translate(applied: Obj) -> Obj:
        ownership.refuse_misfit(SCALES, applied)
        meta = applied["metadata"]
        shown = {name: meta[name] for name in ("name", "namespace", "uid", "resourceVersion") if name in meta}
        obj: Obj = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": shown}
        if (replicas := lookup(applied, ".spec.replicas")) is not None:
            _put(obj, _scale_of(resource).replicas, replicas)
        return obj

    outcome = await apply_to(
        core, call, resource, target.namespace, target.name, configuration.translated(translate), _subresource(target)
    )
    return _outcome(resource, outcome.decoded())


async def _read(core: Core, target: Target) -> Obj:
    item = get_item(core, target.resource, target.namespace, target.name)
    if target.resource.converter is not None:
        await versions.ready(core.aside, target.resource, (item,))
    return versions.read(target.resource, item)


def _subresource(target: Target) -> Subresource | None:
    return target.resource.subresource(target.subresource)


def _checked(call: Call, target: Target, body: Obj | None) -> Obj:
    scale = body if body is not None else {}
    faults = pipeline.intake(SCALES, scale, call)
    stated = metadata.name_of(scale)
    if stated and stated != target.name:
        raise BadRequest(f"the name of the object ({stated}) does not match the name on the URL ({target.name})")
    semantic = []
    replicas = lookup(scale, ".spec.replicas") or 0
    if replicas == _UNSET:
        raise BadRequest(f'the spec replicas field "{_scale_of(target.resource).replicas}" cannot be empty')
    if replicas < 0:
        semantic.append(invalid("spec.replicas", replicas, "must be greater than or equal to 0"))
    pipeline.refuse_invalid(SCALES, target.name, faults, semantic)
    return scale


def _outcome(resource: Resource, obj: Obj) -> Outcome:
    where = _scale_of(resource)
    meta = obj["metadata"]
    status: Obj = {"replicas": lookup(obj, where.status_replicas) or 0}
    if selector := _selector(lookup(obj, where.selector)):
        status["selector"] = selector
    replicas = lookup(obj, where.replicas)
    scale: Obj = {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: meta[name] for name in _SHOWN if name in meta},
        "spec": {"replicas": replicas} if replicas else {},
        "status": status,
    }
    return Outcome(encode(scale), scale)


def _selector(value: Any) -> str:
    """A label selector in its string form, whichever way the kind keeps it."""
    if isinstance(value, str):
        return value
    if not value:
        return ""
    return str(selector_of(value) if value.keys() <= _LABEL_SELECTOR else selector_of_map(value))


def _scale_of(resource: Resource) -> Scale:
    return resource.scale or Scale()


def _put(obj: Obj, path: str, value: Any) -> None:
    *steps, last = path.lstrip(".").split(".")
    for step in steps:
        obj = obj.setdefault(step, {})
    obj[last] = value
