"""Events: what happened to objects, told by those who did it. `events.k8s.io/v1` is a view of the same objects."""

from __future__ import annotations

from collections.abc import Callable

from wherry.api import Obj
from wherry.api.field import FieldError, invalid, required
from wherry.api.meta.columns import NAME, Value, elapsed, text
from wherry.api.meta.names import qualified_name_faults
from wherry.api.resource import Cell, Column, Resource
from wherry.api.schema import schema


def _first_seen(event: Obj, now: float) -> Cell:
    return elapsed(event.get("firstTimestamp") or event.get("eventTime"), now)


def _last_seen(event: Obj, now: float) -> Cell:
    if series := event.get("series"):
        return elapsed(series.get("lastObservedTime"), now)
    return elapsed(event["lastTimestamp"], now) if event.get("lastTimestamp") else _first_seen(event, now)


def _object(event: Obj, _: float) -> Cell:
    about = event.get("involvedObject") or {}
    kind = (about.get("kind") or "").lower()
    return f"{kind}/{about['name']}" if about.get("name") else kind


def _source(event: Obj, _: float) -> Cell:
    source = event.get("source") or {}
    component = source.get("component") or event.get("reportingComponent") or ""
    host = source.get("host") or event.get("reportingInstance")
    return f"{component}, {host}" if host else component


def _count(event: Obj, _: float) -> Cell:
    series = event.get("series")
    return (series.get("count") if series else event.get("count")) or (0 if series else 1)


def _involved(field: str) -> Callable[[Obj], str]:
    return lambda event: (event.get("involvedObject") or {}).get(field) or ""


def _top(field: str) -> Callable[[Obj], str]:
    return lambda event: event.get(field) or ""


def _source_field(event: Obj) -> str:
    return (event.get("source") or {}).get("component") or event.get("reportingComponent") or ""


def event_columns(field_path: Value) -> tuple[Column, ...]:
    """Columns of both views; `convert` first makes the object look like a core event."""
    return (
        Column("Last Seen", _last_seen),
        Column("Type", text("type")),
        Column("Reason", text("reason")),
        Column("Object", _object),
        Column("Subobject", field_path, priority=1),
        Column("Source", _source, priority=1),
        Column("Message", lambda event, _: (event.get("message") or "").strip()),
        Column("First Seen", _first_seen, priority=1),
        Column("Count", _count, priority=1),
        Column("Name", NAME.value, format="name", priority=1, description=NAME.description),
    )


def validate(event: Obj) -> list[FieldError]:
    return validate_legacy(event, "involvedObject", "reportingComponent", "message")


def validate_legacy(event: Obj, about: str, controller: str, message: str) -> list[FieldError]:
    """An event stands in the namespace of what it is about; one of the newer sort says more of who tells it.

    `about`, `controller` and `message` are the fields as the version calls them.
    """
    stated, namespace = (event.get(about) or {}).get("namespace") or "", event["metadata"].get("namespace") or ""
    is_new = bool(event.get("eventTime"))
    strays = [invalid("involvedObject.namespace", stated, "does not match event.namespace")]
    if not is_new:
        return [] if stated == namespace or (not stated and namespace in ("default", "")) else strays
    faults = strays if not stated and namespace not in ("default", "kube-system") else []
    teller = event.get(controller) or ""
    if not teller:
        faults.append(required("reportingController"))
    faults += [invalid("reportingController", teller, why) for why in qualified_name_faults(teller)]
    for field in ("reportingInstance", "action", "reason"):
        value = event.get(field) or ""
        if not value:
            faults.append(required(field))
        if len(value.encode()) > 128:
            faults.append(invalid(field, "", "can have at most 128 characters"))
    if len((event.get(message) or "").encode()) > 1024:
        faults.append(invalid("message", "", "can have at most 1024 characters"))
    return faults


EVENTS = Resource(
    group="",
    version="v1",
    kind="Event",
    plural="events",
    schema=schema("v1", "Event"),
    short_names=("ev",),
    create_on_update=True,
    ttl_seconds=3600.0,
    columns=event_columns(text("involvedObject.fieldPath")),
    fields={
        **{
            f"involvedObject.{field}": _involved(field)
            for field in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
        },
        "reason": _top("reason"),
        "reportingComponent": _top("reportingComponent"),
        "source": _source_field,
        "type": _top("type"),
    },
    validate=validate,
)
