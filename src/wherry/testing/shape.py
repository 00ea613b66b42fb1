"""What two runs of the same work have in common: objects without names, times and addresses that chance or order gave.

assert shape(objects_of_one_run) == shape(objects_of_the_other)
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from wherry.api import Obj

_CHANCE = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"  # a moment
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # a UID
    r"|\d{1,3}(\.\d{1,3}){3}(/\d+)?"  # an address
    r"|[a-z]+://[0-9a-f]{64}"  # a container
    r"|(?<=kube-api-access-)[a-z0-9]{5}"  # a volume that admission gives every Pod
)
_DROPPED = frozenset({"resourceVersion", "managedFields", "uid", "nodeName", "generation", "observedGeneration"})


def shape(objects: Iterable[Obj], drop: Iterable[str] = ()) -> dict[str, list[Any]]:
    """Kind -> what its objects say, in no order. `drop` names further fields that do not count, wherever they are."""
    dropped = _DROPPED | frozenset(drop)
    found: dict[str, list[Any]] = {}
    everything = list(objects)
    rename = _renaming(everything)
    for obj in everything:
        found.setdefault(obj.get("kind", ""), []).append(_plain(obj, dropped, rename))
    return {kind: sorted(found[kind], key=repr) for kind in sorted(found)}


def shape_difference(one: Mapping[str, list[Any]], other: Mapping[str, list[Any]]) -> str:
    """What `other` says otherwise than `one`, as a unified diff; "" for nothing."""
    if one == other:
        return ""
    before, after = (json.dumps(each, indent=1, sort_keys=True).splitlines() for each in (one, other))
    return "\n".join(difflib.unified_diff(before, after, "one", "other", lineterm="", n=4))


def _renaming(objects: Iterable[Obj]) -> Callable[[str], str]:
    """Takes out of a text the names that the server made up, and leaves what they were made from."""
    made = {meta["name"]: f"{meta['generateName']}*" for obj in objects if "generateName" in (meta := obj["metadata"])}
    names = re.compile("|".join(map(re.escape, sorted(made, key=len, reverse=True)))) if made else None

    def rename(text: str) -> str:
        if names is not None:
            text = names.sub(lambda match: made[match[0]], text)
        return _CHANCE.sub("?", text)

    return rename


def _plain(value: Any, dropped: frozenset[str], rename: Callable[[str], str]) -> Any:
    if isinstance(value, Mapping):
        kept = {
            name: part for name, part in sorted(value.items()) if name not in dropped and not _is_all(part, dropped)
        }
        return {rename(name): _plain(part, dropped, rename) for name, part in kept.items()}
    if isinstance(value, list):
        return sorted((_plain(part, dropped, rename) for part in value), key=repr)
    return rename(value) if isinstance(value, str) else value


def _is_all(value: Any, dropped: frozenset[str]) -> bool:
    """Whether there is something, and none of it counts."""
    return isinstance(value, Mapping) and bool(value) and dropped.issuperset(value)
