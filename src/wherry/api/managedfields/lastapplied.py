"""Applies by `kubectl` itself, which used to apply on the client's side and left a note of it in an annotation.

What that note says and the object still has was kubectl's own, so changing it is no conflict: the way from client-side
to server-side apply. As long as there is a note, it is kept up to date, so that there is a way back.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from wherry.api import Obj
from wherry.api.managedfields.applying import Applied, apply
from wherry.api.managedfields.checking import check
from wherry.api.managedfields.comparing import compare
from wherry.api.managedfields.conflicts import ApplyConflicts
from wherry.api.managedfields.covering import covered
from wherry.api.managedfields.elements import BadElement
from wherry.api.managedfields.sets import EMPTY, Fields, difference, has
from wherry.api.managedfields.updating import Kind, Writer

ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"
KUBECTL = "kubectl"
_MOST_BYTES = 256 * 1024
"""Of all annotations together."""


def apply_as_kubectl(kind: Kind, live: Obj | None, applied: Obj, writer: Writer, *, force: bool) -> Applied:
    """`apply`, mindful of what client-side apply has left."""
    try:
        result = apply(kind, live, applied, writer, force=force)
    except ApplyConflicts as error:
        allowed = _own_by_annotation(kind, live) if live is not None else EMPTY
        left = [conflict for conflict in error.conflicts if not has(allowed, conflict.path)]
        if left:
            raise ApplyConflicts(left) from None
        result = apply(kind, live, applied, writer, force=True)
    obj = result.obj if result.obj is not None else live
    if obj is None or not _note(obj):
        return result
    return Applied(_with_note(obj, _describe(applied)), result.entries)


def _note(obj: Obj) -> str:
    return (obj["metadata"].get("annotations") or {}).get(ANNOTATION) or ""


def _own_by_annotation(kind: Kind, live: Obj) -> Fields:
    """The fields that the note names and that still are as it says."""
    try:
        noted = msgspec.json.decode(_note(live))
    except (ValueError, RecursionError):
        return EMPTY
    if not isinstance(noted, dict) or noted.get("apiVersion") != kind.api_version:
        return EMPTY
    if check(kind.node, noted) or check(kind.node, live):
        return EMPTY
    try:
        fields = covered(kind.node, noted)
        for changed in compare(kind.node, noted, live):
            fields = difference(fields, changed)
    except BadElement:
        return EMPTY
    return fields


def _describe(applied: Obj) -> str:
    """The note for an applied configuration, as kubectl writes it."""
    described: dict[str, Any] = applied
    meta = applied.get("metadata") or {}
    if (annotations := meta.get("annotations")) is not None:
        others = {name: value for name, value in annotations.items() if name != ANNOTATION}
        described = {**applied, "metadata": {**meta, "annotations": others}}
    text = json.dumps(described, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    for plain in "<>&\u2028\u2029":
        text = text.replace(plain, f"\\u{ord(plain):04x}")
    return text + "\n"


def _with_note(obj: Obj, note: str) -> Obj:
    meta = obj["metadata"]
    annotations = {**meta["annotations"], ANNOTATION: note}
    if sum(len(name.encode()) + len(value.encode()) for name, value in annotations.items()) > _MOST_BYTES:
        del annotations[ANNOTATION]
    return {**obj, "metadata": {**meta, "annotations": annotations}}
