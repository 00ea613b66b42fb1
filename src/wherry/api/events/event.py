"""Events in their newer spelling. They are kept as core events; this is how one becomes the other."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from wherry.api import Obj
from wherry.api.core.event import EVENTS as CORE_EVENTS
from wherry.api.core.event import validate_legacy
from wherry.api.field import FieldError, invalid, required
from wherry.api.meta.objectmeta import IMMUTABLE
from wherry.api.resource import Cell, Column, Resource
from wherry.api.schema import schema

_TO_CORE = {
    "regarding": "involvedObject",
    "note": "message",
    "reportingController": "reportingComponent",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}
_FROM_CORE = {core: new for new, core in _TO_CORE.items()}


def to_core(event: Obj) -> Obj:
    """The same event as core/v1 spells it; parts are shared, not copied."""
    renamed = {_TO_CORE.get(field, field): value for field, value in event.items()}
    renamed["apiVersion"] = "v1"
    return renamed


def from_core(event: Obj) -> Obj:
    """The same event as events.k8s.io/v1 spells it; parts are shared, not copied."""
    renamed = {_FROM_CORE.get(field, field): value for field, value in event.items()}
    renamed["apiVersion"] = "events.k8s.io/v1"
    return renamed


def _as_core(column: Column) -> Column:
    value = column.value
    assert callable(value)

    def of_new(event: Obj, now: float) -> Cell:
        return value(to_core(event), now)

    return replace(column, value=of_new)


def _regarding(field: str) -> Callable[[Obj], str]:
    return lambda event: (event.get("regarding") or {}).get(field) or ""


_TYPES = ("Normal", "Warning")
_LEGACY = ("firstTimestamp", "lastTimestamp", "count", "source")
_SETTLED = (
    "involvedObject",
    "reason",
    "message",
    "source",
    "firstTimestamp",
    "lastTimestamp",
    "count",
    "reason",
    "type",
    "eventTime",
    "action",
    "related",
    "reportingComponent",
    "reportingInstance",
)


def validate(event: Obj) -> list[FieldError]:
    return validate_legacy(event, "regarding", "reportingController", "note")


def validate_create(event: Obj) -> list[FieldError]:
    """The newer API asks for more than the older one; its faults name fields as the older one does."""
    faults = _validate_series(event)
    if not event.get("eventTime"):
        faults.append(required("eventTime"))
    if event.get("type") not in _TYPES:
        faults.append(invalid("type", "", f"has invalid value: {event.get('type') or ''}"))
    return faults + [invalid(field, "", "needs to be unset") for field in _LEGACY if event.get(_FROM_CORE[field])]


def _validate_series(event: Obj) -> list[FieldError]:
    series = event.get("series")
    if series is None:
        return []
    faults = [] if (series.get("count") or 0) >= 2 else [invalid("series.count", "", "should be at least 2")]
    return faults if series.get("lastObservedTime") else [*faults, required("series.lastObservedTime")]


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    """Only the series goes on."""
    faults = _validate_series(new) if new.get("series") != old.get("series") else []
    for field in _SETTLED:
        value = new.get(_FROM_CORE.get(field, field))
        if value != old.get(_FROM_CORE.get(field, field)):
            shown = "reportingController" if field == "reportingComponent" else field
            faults.append(invalid(shown, value, IMMUTABLE))
    return faults


EVENTS = Resource(
    group="events.k8s.io",
    version="v1",
    kind="Event",
    plural="events",
    schema=schema("events.k8s.io/v1", "Event"),
    short_names=("ev",),
    create_on_update=True,
    columns=tuple(_as_core(column) for column in CORE_EVENTS.columns),
    fields={
        **{
            f"regarding.{field}": _regarding(field)
            for field in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
        },
        "reason": lambda event: event.get("reason") or "",
        "reportingController": lambda event: event.get("reportingController") or "",
        "type": lambda event: event.get("type") or "",
    },
    storage=CORE_EVENTS,
    to_storage=to_core,
    from_storage=from_core,
    validate=validate,
    validate_create=validate_create,
    validate_update=validate_update,
)
