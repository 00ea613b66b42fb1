"""What the query (and, for deletions, the body) of a request may ask for, read into values.

Faults are reported as upstream reports them: a value that does not parse is a 400, a combination that makes no sense
is a 422 of the options' own kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any
from urllib.parse import parse_qsl

from msgspec import Struct
from msgspec.structs import replace

from wherry.api import Obj
from wherry.api.errors import BadRequest, Invalid
from wherry.api.field import FieldError, forbidden, invalid, not_supported, required, too_long

Query = Mapping[str, str]
_NO_QUERY: Query = {}
_MANAGER_BYTES = 128


class FieldValidation(Enum):
    """What happens when a body has unknown or duplicate fields."""

    STRICT = "Strict"
    WARN = "Warn"
    IGNORE = "Ignore"


class WriteOptions(Struct, frozen=True):
    """Options of create, update and patch."""

    dry_run: bool = False
    field_validation: FieldValidation = FieldValidation.WARN
    field_manager: str = ""
    force: bool = False


class ListOptions(Struct, frozen=True):
    """Options of list, watch and deletecollection."""

    label_selector: str = ""
    field_selector: str = ""
    resource_version: str = ""
    match: str = ""
    limit: int = 0
    continue_token: str = ""
    timeout_seconds: int | None = None
    bookmarks: bool = False
    send_initial_events: bool | None = None


class DeleteOptions(Struct, frozen=True):
    """Options of delete and deletecollection."""

    grace_seconds: int | None = None
    propagation: str = ""
    uid: str = ""
    resource_version: str = ""
    dry_run: bool = False


def parse_query(query: str) -> Query:
    """First value of each parameter, decoded."""
    if not query:
        return _NO_QUERY
    values: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values.setdefault(name, value)
    return values


def is_set(query: Query, name: str) -> bool:
    """A boolean as upstream converts it: present means true, unless it says false or 0."""
    value = query.get(name)
    return value is not None and value.lower() not in ("false", "0")


def write_options(query: Query, kind: str, *, is_apply: bool = False) -> WriteOptions:
    """Options of a write; `kind` is CreateOptions, UpdateOptions or PatchOptions, for the message."""
    if not query and not is_apply:
        return _PLAIN_WRITE
    faults: list[FieldError] = []
    manager = query.get("fieldManager", "")
    if is_apply and not manager:
        faults.append(required("fieldManager", "is required for apply patch"))
    elif "force" in query and kind == "PatchOptions" and not is_apply:
        faults.append(forbidden("force", "may not be specified for non-apply patch"))
    if manager:
        faults += manager_faults("fieldManager", manager)
    dry_run = _dry_run(query.get("dryRun", ""), faults)
    validation = FieldValidation.WARN
    if asked := query.get("fieldValidation", ""):
        try:
            validation = FieldValidation(asked)
        except ValueError:
            faults.append(not_supported("fieldValidation", asked, [choice.value for choice in FieldValidation]))
    _refuse(kind, faults)
    return WriteOptions(dry_run, validation, manager, is_set(query, "force"))


def manager_faults(path: str, manager: str) -> list[FieldError]:
    """What is wrong with the name of a field manager."""
    faults = [too_long(path, _MANAGER_BYTES)] if len(manager.encode()) > _MANAGER_BYTES else []
    for index, character in enumerate(manager):
        if not character.isprintable():
            why = f"invalid character U+{ord(character):04X} (at position {index})"
            faults.append(invalid(path, manager, why))
    return faults


def list_options(query: Query, *, may_begin_with_all: bool = True) -> ListOptions:
    """What a list or watch asks for. A watch may ask to begin with all there is if the feature WatchList is on."""
    if not query:
        return _PLAIN_LIST
    initial = is_set(query, "sendInitialEvents") if "sendInitialEvents" in query else None
    options = ListOptions(
        label_selector=query.get("labelSelector", ""),
        field_selector=query.get("fieldSelector", ""),
        resource_version=query.get("resourceVersion", ""),
        match=query.get("resourceVersionMatch", ""),
        limit=max(_integer(query, "limit") or 0, 0),
        continue_token=query.get("continue", ""),
        timeout_seconds=_integer(query, "timeoutSeconds"),
        bookmarks=is_set(query, "allowWatchBookmarks"),
        send_initial_events=initial,
    )
    watch = is_set(query, "watch")
    if watch and may_begin_with_all and initial is None and not options.match and options.resource_version in ("", "0"):
        # Such watches have always begun with the state there is; so they may as well be told when they have seen it.
        return replace(options, send_initial_events=True, match="NotOlderThan")
    _refuse("ListOptions", _list_faults(options, watch, may_begin_with_all))
    return options


def delete_options(query: Query, body: Obj | None) -> DeleteOptions:
    """Options from the body where there is one, else from the query, as upstream."""
    if body:
        _check_types(body)
        grace = body.get("gracePeriodSeconds")
        conditions = body.get("preconditions") or {}
        dry_run: Any = body.get("dryRun") or ()
        orphan = body.get("orphanDependents")
        propagation = body.get("propagationPolicy") or ""
    else:
        grace = _integer(query, "gracePeriodSeconds")
        conditions = {}
        dry_run = (query["dryRun"],) if query.get("dryRun") else ()
        orphan = is_set(query, "orphanDependents") if "orphanDependents" in query else None
        propagation = query.get("propagationPolicy", "")
    faults: list[FieldError] = []
    is_dry = bool([_dry_run(value, faults) for value in dry_run])
    if orphan is not None and propagation:
        faults.append(
            invalid("propagationPolicy", propagation, "orphanDependents and deletionPropagation cannot be both set")
        )
    if propagation and propagation not in _POLICIES:
        faults.append(not_supported("propagationPolicy", propagation, _POLICIES))
    _refuse("DeleteOptions", faults)
    if orphan is not None:
        propagation = "Orphan" if orphan else "Background"
    return DeleteOptions(
        grace_seconds=grace if grace is None or grace >= 0 else 1,
        propagation=propagation,
        uid=conditions.get("uid") or "",
        resource_version=conditions.get("resourceVersion") or "",
        dry_run=is_dry,
    )


_PLAIN_WRITE = WriteOptions()
_PLAIN_LIST = ListOptions()
_LEAST, _MOST, _MOST_DIGITS = -(1 << 63), (1 << 63) - 1, 100
_POLICIES = ("Foreground", "Background", "Orphan")
_MATCHES = ("Exact", "NotOlderThan")


_BODY_TYPES: Mapping[str, tuple[type, str]] = {
    "gracePeriodSeconds": (int, "int64"),
    "preconditions": (dict, "v1.Preconditions"),
    "orphanDependents": (bool, "bool"),
    "propagationPolicy": (str, "v1.DeletionPropagation"),
    "dryRun": (list, "[]string"),
}


def _check_types(body: Obj) -> None:
    """DeleteOptions are read by hand, so their types are checked by hand."""
    for name, (kind, go_type) in _BODY_TYPES.items():
        _check_type(name, body.get(name), kind, go_type)
    for name in ("uid", "resourceVersion"):
        _check_type(f"preconditions.{name}", (body.get("preconditions") or {}).get(name), str, "string")
    for value in body.get("dryRun") or ():
        _check_type("dryRun", value, str, "string")


def _check_type(name: str, value: Any, kind: type, go_type: str) -> None:
    if value is not None and type(value) is not kind:
        raise BadRequest(f"json: cannot unmarshal value into Go struct field DeleteOptions.{name} of type {go_type}")


def _dry_run(value: str, faults: list[FieldError]) -> bool:
    if value and value != "All":
        faults.append(not_supported("dryRun", [value], ["All"]))
    return bool(value)


def _integer(query: Query, name: str) -> int | None:
    text = query.get(name, "")
    if not text:
        return None
    digits = text[1:] if text[0] in "+-" else text
    if not (digits.isascii() and digits.isdecimal()):
        raise BadRequest(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    if len(digits) > _MOST_DIGITS or not _LEAST <= int(text) <= _MOST:
        raise BadRequest(f'strconv.ParseInt: parsing "{text}": value out of range')
    return int(text)


def _list_faults(options: ListOptions, watch: bool, may_begin_with_all: bool) -> Sequence[FieldError]:
    if watch:
        return _watch_faults(options, may_begin_with_all)
    faults, match, path = [], options.match, "resourceVersionMatch"
    if match:
        if not options.resource_version:
            faults.append(forbidden(path, "resourceVersionMatch is forbidden unless resourceVersion is provided"))
        if options.continue_token:
            faults.append(forbidden(path, "resourceVersionMatch is forbidden when continue is provided"))
        if match not in _MATCHES:
            faults.append(not_supported(path, match, [*_MATCHES, ""]))
        if match == "Exact" and options.resource_version == "0":
            faults.append(forbidden(path, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
    if options.send_initial_events is not None:
        faults.append(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    return faults


def _watch_faults(options: ListOptions, may_begin_with_all: bool) -> Sequence[FieldError]:
    faults, match, path = [], options.match, "resourceVersionMatch"
    if options.send_initial_events is not None and match != "NotOlderThan":
        faults.append(forbidden(path, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
    if options.send_initial_events is not None and not may_begin_with_all:
        why = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"
        faults.append(forbidden("sendInitialEvents", why))
    if match:
        if options.send_initial_events is None:
            why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            faults.append(forbidden(path, why))
        if match != "NotOlderThan":
            faults.append(not_supported(path, match, ["NotOlderThan"]))
        if options.continue_token:
            faults.append(forbidden(path, "resourceVersionMatch is forbidden when continue is provided"))
    return faults


def _refuse(kind: str, faults: Sequence[FieldError]) -> None:
    if faults:
        raise Invalid.of(_Options(kind), "", faults)


class _Options(Struct, frozen=True):
    """The options' own kind, as a fault names it."""

    kind: str
    group: str = "meta.k8s.io"
    plural: str = ""
