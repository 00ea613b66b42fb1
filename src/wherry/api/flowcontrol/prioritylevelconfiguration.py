"""PriorityLevelConfigurations: how much of the server a class of requests may use."""

from __future__ import annotations

import math

from wherry.api import Obj
from wherry.api.field import FieldError, forbidden, invalid, not_supported, required
from wherry.api.flowcontrol.mandatory import PRIORITY_LEVELS
from wherry.api.flowcontrol.rules import validate_status, validate_status_update
from wherry.api.meta.columns import AGE, NAME, NONE, text
from wherry.api.meta.objectmeta import keep_metadata
from wherry.api.resource import STATUS, Column, Resource, Scope
from wherry.api.schema import schema


def set_defaults(level: Obj) -> None:
    spec = level.setdefault("spec", {})
    if (exempt := spec.get("exempt")) is not None:
        exempt.setdefault("nominalConcurrencyShares", 0)
        exempt.setdefault("lendablePercent", 0)
    if (limited := spec.get("limited")) is None:
        return
    limited.setdefault("nominalConcurrencyShares", 30)
    limited.setdefault("lendablePercent", 0)
    if (queuing := (limited.get("limitResponse") or {}).get("queuing")) is not None:
        queuing.setdefault("queues", 64)
        queuing.setdefault("handSize", 8)
        queuing.setdefault("queueLengthLimit", 50)


_PRESERVED = "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares"
_TYPES, _RESPONSES = ("Exempt", "Limited"), ("Queue", "Reject")
_MOST_QUEUES, _HASH_BITS = 10_000_000, 60


def validate(level: Obj) -> list[FieldError]:
    spec, name, faults = level["spec"], level["metadata"].get("name") or "", list[FieldError]()
    if _PRESERVED in (level["metadata"].get("annotations") or {}):
        faults.append(forbidden("metadata.annotations", f"annotation '{_PRESERVED}' is forbidden"))
    faults += _validate_spec(spec, name)
    fixed = PRIORITY_LEVELS.get(name)
    if name == "exempt" and fixed is not None:
        if {**spec, "exempt": fixed["exempt"]} != fixed:
            why = f"spec of '{name}' except the 'spec.exempt' field must equal the fixed value"
            faults.append(invalid("spec", spec, why))
    elif fixed is not None and spec != fixed:
        faults.append(invalid("spec", spec, f"spec of '{name}' must equal the fixed value"))
    return faults + validate_status(level)


def _validate_spec(spec: Obj, name: str) -> list[FieldError]:
    kind, limited, exempt, faults = spec.get("type") or "", spec.get("limited"), spec.get("exempt"), list[FieldError]()
    if (name == "exempt") is not (kind == "Exempt"):
        faults.append(invalid("spec.type", kind, "must be 'Exempt' if and only if `name` is 'exempt'"))
    if kind not in _TYPES:
        return [*faults, not_supported("spec.type", kind, _TYPES)]
    if kind == "Exempt":
        if limited is not None:
            faults.append(forbidden("spec.limited", "must be nil if the type is not Limited"))
        return faults if exempt is None else faults + _validate_shares(exempt, "spec.exempt")
    if exempt is not None:
        faults.append(forbidden("spec.exempt", "must be nil if the type is Limited"))
    if limited is None:
        return [*faults, required("spec.limited")]
    shares = _validate_shares(limited, "spec.limited")
    response = _validate_response(limited.get("limitResponse") or {}, "spec.limited.limitResponse")
    negative = [fault for fault in shares if fault.path.endswith("Shares")]
    faults += [*negative, *response, *(fault for fault in shares if fault not in negative)]
    borrowing = limited.get("borrowingLimitPercent")
    if borrowing is not None and borrowing < 0:
        why = "if specified, must be a non-negative integer"
        faults.append(invalid("spec.limited.borrowingLimitPercent", borrowing, why))
    return faults


def _validate_shares(part: Obj, path: str) -> list[FieldError]:
    shares, lendable, faults = part.get("nominalConcurrencyShares"), part.get("lendablePercent"), list[FieldError]()
    if shares is not None and shares < 0:
        faults.append(invalid(path + ".nominalConcurrencyShares", shares, "must be a non-negative integer"))
    if lendable is not None and not 0 <= lendable <= 100:
        faults.append(invalid(path + ".lendablePercent", lendable, "must be between 0 and 100, inclusive"))
    return faults


def _validate_response(response: Obj, path: str) -> list[FieldError]:
    kind, queuing = response.get("type") or "", response.get("queuing")
    if kind == "Reject":
        why = "must be nil if limited.limitResponse.type is not Limited"
        return [] if queuing is None else [forbidden(path + ".queuing", why)]
    if kind != "Queue":
        return [not_supported(path + ".type", kind, _RESPONSES)]
    if queuing is None:
        return [required(path + ".queuing")]
    return _validate_queuing(queuing, path + ".queuing")


def _validate_queuing(queuing: Obj, path: str) -> list[FieldError]:
    """Each flow is dealt a hand of queues by a hash, which has so many bits and no more."""
    length, queues, hand = (queuing.get(field) or 0 for field in ("queueLengthLimit", "queues", "handSize"))
    faults = [] if length > 0 else [invalid(path + ".queueLengthLimit", length, "must be positive")]
    if queues <= 0:
        faults.append(invalid(path + ".queues", queues, "must be positive"))
    elif queues > _MOST_QUEUES:
        faults.append(invalid(path + ".queues", queues, f"must not be greater than {_MOST_QUEUES}"))
    if hand <= 0:
        faults.append(invalid(path + ".handSize", hand, "must be positive"))
    elif hand > queues:
        faults.append(invalid(path + ".handSize", hand, f"should not be greater than queues ({queues})"))
    elif math.ceil(math.log2(queues) * hand) > _HASH_BITS:
        why = f"required entropy bits of deckSize {queues} and handSize {hand} should not be greater than {_HASH_BITS}"
        faults.append(invalid(path + ".handSize", hand, why))
    return faults


PRIORITYLEVELCONFIGURATIONS = Resource(
    group="flowcontrol.apiserver.k8s.io",
    version="v1",
    kind="PriorityLevelConfiguration",
    plural="prioritylevelconfigurations",
    schema=schema("flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration"),
    scope=Scope.CLUSTER,
    subresources=(STATUS,),
    has_generation=True,
    columns=(
        NAME,
        Column("Type", text("spec.type")),
        Column("NominalConcurrencyShares", text("spec.limited.nominalConcurrencyShares", NONE)),
        Column("Queues", text("spec.limited.limitResponse.queuing.queues", NONE)),
        Column("HandSize", text("spec.limited.limitResponse.queuing.handSize", NONE)),
        Column("QueueLengthLimit", text("spec.limited.limitResponse.queuing.queueLengthLimit", NONE)),
        AGE,
    ),
    defaults=set_defaults,
    prepare_status_update=keep_metadata,
    validate=validate,
    validate_status_update=validate_status_update,
)
