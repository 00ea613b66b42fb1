"""What is written into a claim that was allocated."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from wherry.api import Obj
from wherry.api.types.core_v1 import NodeSelector
from wherry.api.types.decoding import to_obj
from wherry.api.types.resource_v1 import ResourceClaim
from wherry.scheduler.dynamic.allocator import Given
from wherry.scheduler.dynamic.requests import Wanted


def allocation(claim: ResourceClaim, given: Sequence[Given], node: str, chance: random.Random) -> Obj:
    """The `status.allocation` of a claim; chance names shares."""
    devices: Obj = {"results": [_result(one, chance) for one in given]}
    if config := _config(claim, _chosen(given)):
        devices["config"] = config
    found: Obj = {"devices": devices}
    if (selector := _node_selector(given, node)) is not None:
        found["nodeSelector"] = selector
    return found


def _result(one: Given, chance: random.Random) -> Obj:
    driver, pool, device = one.device.id
    result: Obj = {"request": one.wanted.name, "driver": driver, "pool": pool, "device": device}
    if one.wanted.is_admin:
        result["adminAccess"] = True
    if one.wanted.tolerations:
        result["tolerations"] = to_obj(one.wanted.tolerations)
    if one.share is not None:
        result["shareID"] = str(UUID(int=chance.getrandbits(128), version=4))
        if one.share:
            result["consumedCapacity"] = dict(one.share)
    view = one.device.view
    if view.binding_conditions:
        result["bindingConditions"] = list(view.binding_conditions)
        result["bindingFailureConditions"] = list(view.binding_failure_conditions)
    return result


def _chosen(given: Sequence[Given]) -> dict[str, Wanted]:
    """What was given for each request, in order."""
    return {one.wanted.request: one.wanted for one in given}


def _config(claim: ResourceClaim, chosen: dict[str, Wanted]) -> list[Obj]:
    """The configuration of classes first, each class once, then what the claim adds."""
    names = list(chosen)
    by_class: dict[str, list[Wanted]] = {}
    for wanted in chosen.values():
        by_class.setdefault(wanted.device_class.metadata.name, []).append(wanted)
    found: list[Obj] = []
    for members in by_class.values():
        for config in members[0].device_class.spec.config:
            entry = {"source": "FromClass", "requests": [one.name for one in members], **to_obj(config)}
            found.append(_without_all(entry, names, chosen))
    for own in claim.spec.devices.config if claim.spec.devices is not None else ():
        if any(wanted.is_named_by(own.requests) for wanted in chosen.values()):
            found.append(_without_all({"source": "FromClaim", **to_obj(own)}, names, chosen))
    return found


def _without_all(entry: Obj, names: Sequence[str], chosen: dict[str, Wanted]) -> Obj:
    """No list of requests means all of them."""
    requests = entry.get("requests") or ()
    if all(name in requests or chosen[name].name in requests for name in names):
        entry.pop("requests", None)
    return entry


def _node_selector(given: Sequence[Given], node: str) -> Obj | None:
    """Where the devices can be reached from; None for everywhere."""
    fields: list[Any] = []
    expressions: list[Any] = []
    for one in given:
        spec, view = one.device.slice.spec, one.device.view
        name = view.node_name if spec.per_device_node_selection else spec.node_name
        if name or view.binds_to_node:
            only = {"key": "metadata.name", "operator": "In", "values": [node]}
            return {"nodeSelectorTerms": [{"matchFields": [only]}]}
        selector: NodeSelector | None = view.node_selector if spec.per_device_node_selection else spec.node_selector
        for term in selector.node_selector_terms if selector is not None else ():
            fields += [new for new in to_obj(term.match_fields) if new not in fields]
            expressions += [new for new in to_obj(term.match_expressions) if new not in expressions]
    term_obj: Obj = {}
    if expressions:
        term_obj["matchExpressions"] = expressions
    if fields:
        term_obj["matchFields"] = fields
    return {"nodeSelectorTerms": [term_obj]} if term_obj else None
