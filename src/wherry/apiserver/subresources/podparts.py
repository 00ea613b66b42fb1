"""`ephemeralcontainers` and `resize`: the two parts of a running pod's spec that may change, each by its own path.

What the body says of anything else is ignored, as upstream ignores it; what it says of its part is checked by the rules
of that part, and the pod as a whole must still be valid.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wherry.api import Obj
from wherry.api.core.difference import difference
from wherry.api.core.pod import PODS
from wherry.api.errors import Conflict
from wherry.api.field import FieldError, forbidden
from wherry.apiserver import metadata, ownership, pipeline, versions
from wherry.apiserver.core import Call, Core, Outcome
from wherry.apiserver.encode import copy
from wherry.apiserver.subresources import Handler, Target
from wherry.apiserver.verbs.alter import alter
from wherry.apiserver.verbs.get import get as get_item

_MIRRORED = "kubernetes.io/config.mirror"

Take = Callable[[Obj, Obj], None]
"""(the pod as stored, the pod of the body): carry the part over."""
Check = Callable[[Obj, Obj], Sequence[FieldError]]
"""(new, old): what is wrong with the change."""


async def get(core: Core, call: Call, target: Target, _: Obj | None) -> Outcome:
    """The whole pod."""
    item = get_item(core, PODS, target.namespace, target.name)
    return Outcome(versions.present(PODS, item))


def updating(subresource: str, take: Take, check: Check) -> Handler:
    """The handler that writes one part."""

    async def update(core: Core, call: Call, target: Target, body: Obj | None) -> Outcome:
        wanted = body if body is not None else {}
        faults = pipeline.intake(PODS, wanted, call)
        metadata.ensure_name(wanted, target.name)
        metadata.ensure_namespace(PODS, wanted, target.namespace)

        def mutate(pod: Obj) -> None:
            _check_state(wanted, pod)
            old = copy(pod)
            take(pod, wanted)
            if call.is_applied:
                ownership.take_entries(pod, wanted)
            PODS.defaults(pod)
            key = (target.namespace, target.name)
            pipeline.admit(core.mutating, core, call, "UPDATE", PODS, subresource, key, pod, old)
            pipeline.refuse_invalid(PODS, target.name, faults, check(pod, old), PODS.validate(pod))
            pipeline.admit(core.validating, core, call, "UPDATE", PODS, subresource, key, pod, old)
            metadata.count_generation(PODS, pod, old)

        owner = PODS.subresource(subresource)
        return await alter(core, call, PODS, target.namespace, target.name, mutate, owner)

    return update


def _check_state(wanted: Obj, pod: Obj) -> None:
    version = wanted["metadata"].get("resourceVersion") or ""
    if version and version != pod["metadata"]["resourceVersion"]:
        raise Conflict.modified(PODS, pod["metadata"]["name"])


def take_ephemeral(pod: Obj, wanted: Obj) -> None:
    containers = (wanted.get("spec") or {}).get("ephemeralContainers")
    if containers:
        pod["spec"]["ephemeralContainers"] = containers
    else:
        pod["spec"].pop("ephemeralContainers", None)


def check_ephemeral(new: Obj, old: Obj) -> Sequence[FieldError]:
    """Ephemeral containers are added, never changed nor taken away; and not to pods that a kubelet has from a file."""
    path = "spec.ephemeralContainers"
    if _MIRRORED in (new["metadata"].get("annotations") or ()):
        return [forbidden("", "static pods do not support ephemeral containers")]
    by_name = {each.get("name"): each for each in new["spec"].get("ephemeralContainers") or ()}
    faults = []
    for container in old["spec"].get("ephemeralContainers") or ():
        name = container["name"]
        if name not in by_name:
            faults.append(forbidden(path, f'existing ephemeral containers "{name}" may not be removed\n'))
        elif by_name[name] != container:
            shown = difference(container, by_name[name], "core.EphemeralContainer")
            faults.append(forbidden(path, f'existing ephemeral containers "{name}" may not be changed\n{shown}'))
    return faults
