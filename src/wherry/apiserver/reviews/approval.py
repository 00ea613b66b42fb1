"""`certificatesigningrequests/<name>/approval`: a decision on a request, which nothing else may write."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.certificates.certificatesigningrequest import CERTIFICATESIGNINGREQUESTS, stamp, with_approval
from wherry.api.errors import Conflict
from wherry.apiserver import metadata, pipeline, versions
from wherry.apiserver.core import Call, Core, Outcome
from wherry.apiserver.encode import copy
from wherry.apiserver.subresources import Target
from wherry.apiserver.verbs.alter import alter
from wherry.apiserver.verbs.get import get as get_item


async def get(core: Core, call: Call, target: Target, _: Obj | None) -> Outcome:
    item = get_item(core, CERTIFICATESIGNINGREQUESTS, "", target.name)
    return Outcome(versions.present(CERTIFICATESIGNINGREQUESTS, item))


async def update(core: Core, call: Call, target: Target, body: Obj | None) -> Outcome:
    resource = CERTIFICATESIGNINGREQUESTS
    wanted = body if body is not None else {}
    faults = pipeline.intake(resource, wanted, call)
    metadata.ensure_name(wanted, target.name)

    def mutate(request: Obj) -> None:
        version = wanted["metadata"].get("resourceVersion") or ""
        if version and version != request["metadata"]["resourceVersion"]:
            raise Conflict.modified(resource, target.name)
        old = copy(request)
        decided, more = with_approval(old, wanted)
        for plugins in (core.mutating, core.validating):
            pipeline.admit(plugins, core, call, "UPDATE", resource, "approval", ("", target.name), decided, old)
        pipeline.refuse_invalid(resource, target.name, faults, more)
        stamp(decided, old, core.now())
        request["status"] = decided["status"]

    return await alter(core, call, resource, "", target.name, mutate, resource.subresource("approval"))
