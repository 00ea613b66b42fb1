"""Names and lists as they are everywhere in this group."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from wherry.api.field import FieldError, duplicate, invalid, required, too_long, too_many
from wherry.api.meta.names import (
    c_identifier_faults,
    dns1123_label_faults,
    dns1123_subdomain_faults,
    label_value_faults,
    qualified_name_faults,
)
from wherry.api.storage.rules import validate_driver_name as validate_driver_name

Judge = Callable[[Any, str], list[FieldError]]
"""(item, its path) -> what is wrong with it."""

T = TypeVar("T")

_MAX_POOL, _MAX_DOMAIN, _MAX_IDENTIFIER = 253, 63, 32
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
_UUID_TEXT = "must be a lowercase UUID in 8-4-4-4-12 format"
_MAX_CONDITIONS = 4


def validate_list(items: Sequence[T] | None, limit: int, judge: Judge, path: str) -> list[FieldError]:
    """Each item, unless there are too many to look at; a negative limit is none."""
    items = items or ()
    if 0 <= limit < len(items):
        return [too_many(path, len(items), limit)]
    return [fault for index, item in enumerate(items) for fault in judge(item, f"{path}[{index}]")]


def validate_set(
    items: Sequence[T] | None,
    limit: int,
    judge: Judge,
    path: str,
    key: Callable[[T], Any] = lambda item: item,
    *,
    shows_key: bool = False,
) -> list[FieldError]:
    """The same for items that have to differ in their keys; of one that does not, its key or the whole is shown."""
    faults, seen = validate_list(items, limit, judge, path), list[Any]()
    if 0 <= limit < len(items or ()):
        return faults
    for index, item in enumerate(items or ()):
        if (what := key(item)) in seen:
            faults.append(duplicate(f"{path}[{index}]", what if shows_key else item))
        seen.append(what)
    return faults


def name_of(item: dict[str, Any]) -> str:
    name: str = item.get("name") or ""
    return name


def validate_label(name: str, path: str) -> list[FieldError]:
    """Names of devices, requests and counters."""
    return [invalid(path, name, why) for why in dns1123_label_faults(name)]


def validate_label_name(name: str, path: str) -> list[FieldError]:
    return [invalid(path, name, why) for why in qualified_name_faults(name)]


def validate_label_value(value: str, path: str) -> list[FieldError]:
    return [invalid(path, value, why) for why in label_value_faults(value)]


def validate_node_name(name: str, path: str) -> list[FieldError]:
    return [invalid(path, name, why) for why in dns1123_subdomain_faults(name)]


def validate_pool_name(name: str, path: str) -> list[FieldError]:
    """One or more domain names between slashes."""
    if not name:
        return [required(path)]
    faults = [too_long(path, _MAX_POOL)] if len(name.encode()) > _MAX_POOL else []
    return faults + [invalid(path, part, why) for part in name.split("/") for why in dns1123_subdomain_faults(part)]


def validate_given_pool(name: str, path: str) -> list[FieldError]:
    """The same of a pool that a claim was given devices of, in other words."""
    if not name:
        return [required(path)]
    faults = [too_long(path, _MAX_POOL)] if len(name.encode()) > _MAX_POOL else []
    for index, part in enumerate(name.split("/")):
        if part:
            faults += [invalid(path, part, f"segment {index}: {why}") for why in dns1123_subdomain_faults(part)]
        else:
            faults.append(invalid(path, name, f"segment {index}: must not be empty"))
    return faults


def validate_uid(uid: str, path: str) -> list[FieldError]:
    return [] if _UUID.match(uid) else [invalid(path, uid, _UUID_TEXT)]


def validate_qualified_name(name: str, path: str) -> list[FieldError]:
    """Names of attributes and capacities: an identifier, and whose it is when it is not the driver's."""
    parts = name.split("/")
    if len(parts) == 1:
        return _validate_identifier(name, path)
    if len(parts) > 2:
        return []
    domain, identifier = parts
    if domain:
        faults = validate_driver_name(domain, path)
    else:
        faults = [invalid(path, "", "the domain must not be empty")]
    if identifier:
        return faults + _validate_identifier(identifier, path)
    return [*faults, invalid(path, "", "the name must not be empty")]


def validate_full_name(name: str, path: str) -> list[FieldError]:
    faults = validate_qualified_name(name, path)
    if "/" not in name:
        why = "a fully qualified name must be a domain and a name separated by a slash"
        faults.append(invalid(path, name, why))
    return faults


def validate_match_name(name: str, path: str) -> list[FieldError]:
    """The same, in other words and with a domain in small letters."""
    domain, slash, identifier = name.partition("/")
    if not slash:
        return validate_full_name(name, path)
    if "/" in identifier:
        return []
    faults = [] if domain else [invalid(path, "", "prefix must not be empty")]
    if len(domain.encode()) > _MAX_DOMAIN:
        faults.append(too_long(path, _MAX_DOMAIN))
    if domain:
        faults += [invalid(path, domain, f"prefix: {why}") for why in dns1123_subdomain_faults(domain)]
    if identifier:
        return faults + _validate_identifier(identifier, path)
    return [*faults, invalid(path, "", "name must not be empty")]


def _validate_identifier(name: str, path: str) -> list[FieldError]:
    faults = [too_long(path, _MAX_IDENTIFIER)] if len(name.encode()) > _MAX_IDENTIFIER else []
    return faults + [invalid(path, name, why) for why in c_identifier_faults(name)]


def validate_map(
    items: dict[str, T] | None, limit: int, judge_key: Judge, judge: Judge, path: str, longest: int
) -> list[FieldError]:
    """Keys and values; keys that are longer than `longest` are shown without their middle."""
    items = items or {}
    if 0 <= limit < len(items):
        return [too_many(path, len(items), limit)]
    faults: list[FieldError] = []
    for key, item in items.items():
        faults += judge_key(key, path)
        faults += judge(item, f"{path}[{_shortened(key, longest)}]")
    return faults


def _shortened(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    rest = limit - 3
    return f"{text[: (rest + 1) // 2]}...{text[len(text) - rest // 2 :]}"


def validate_parameters(parameters: Any, path: str, limit: int | None) -> list[FieldError]:
    """What is passed on to a driver has to be an object; `limit` is how long it may be as JSON."""
    if parameters is None:
        return [required(path)]
    if limit is not None and len(_compact(parameters)) > limit:
        return [too_long(path, limit)]
    return [] if isinstance(parameters, dict) else [invalid(path, "<value omitted>", "must be a valid JSON object")]


def _compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def validate_binding(part: dict[str, Any], path: str) -> list[FieldError]:
    """Conditions that have to hold before a pod is bound, and those that say that they never will."""
    good, bad = part.get("bindingConditions") or [], part.get("bindingFailureConditions") or []
    where, where_bad = f"{path}.bindingConditions", f"{path}.bindingFailureConditions"
    faults = validate_list(good, _MAX_CONDITIONS, validate_label_name, where)
    faults += validate_list(bad, _MAX_CONDITIONS, validate_label_name, where_bad)
    faults += [duplicate(f"{where}[{index}]", name) for index, name in enumerate(good) if name in good[:index]]
    for index, name in enumerate(bad):
        if name in bad[:index]:
            faults.append(duplicate(f"{where_bad}[{index}]", name))
        if name in good:
            why = "bindingFailureConditions must not overlap with bindingConditions"
            faults.append(invalid(f"{where_bad}[{index}]", name, why))
    if bad and not good:
        faults.append(invalid(where, None, "bindingConditions are required to use bindingFailureConditions"))
    if good and not bad:
        faults.append(invalid(where_bad, None, "bindingFailureConditions are required to use bindingConditions"))
    return faults


def validate_exclusive(
    part: dict[str, Any], path: str, judges: dict[str, Judge], why: str, also: str
) -> list[FieldError]:
    """Exactly one of some fields says on which nodes something is; `also` is added when there are several."""
    faults, present = list[FieldError](), list[str]()
    for key, judge in judges.items():
        value = part.get(key)
        if value is None:
            continue
        found = judge(value, f"{path}.{key}")
        if value not in ("", False):
            present.append(f"`{key}`")
        faults += found
    if not present:
        faults.append(required(path, why))
    elif len(present) > 1:
        faults.append(invalid(path, f"{{{', '.join(present)}}}", why + also))
    return faults


def only_true(value: bool, path: str) -> list[FieldError]:
    return [] if value else [invalid(path, value, "must be either unset or set to true")]
