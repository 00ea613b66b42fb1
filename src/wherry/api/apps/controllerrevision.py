"""ControllerRevisions: earlier templates of DaemonSets and StatefulSets."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, invalid, required
from wherry.api.meta.columns import AGE, NAME, NONE
from wherry.api.meta.objectmeta import IMMUTABLE, NOT_NEGATIVE
from wherry.api.meta.owners import controller_of
from wherry.api.resource import Cell, Column, Resource
from wherry.api.schema import schema


def _controller(revision: Obj, _: float) -> Cell:
    owner = controller_of(revision)
    if owner is None:
        return NONE
    group, slash, _version = owner["apiVersion"].rpartition("/")
    kind = f"{owner['kind']}.{group}" if slash else owner["kind"]
    return f"{kind.lower()}/{owner['name']}"


def validate(revision: Obj) -> list[FieldError]:
    number = revision.get("revision") or 0
    return [invalid("revision", number, NOT_NEGATIVE)] if number < 0 else []


def validate_create(revision: Obj) -> list[FieldError]:
    data = revision.get("data")
    if data is None:
        return [required("data", "data is mandatory")]
    return [] if isinstance(data, dict) else [required("data", "data must be a valid JSON object")]


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    return [] if new.get("data") == old.get("data") else [invalid("data", new.get("data"), IMMUTABLE)]


CONTROLLERREVISIONS = Resource(
    group="apps",
    version="v1",
    kind="ControllerRevision",
    plural="controllerrevisions",
    schema=schema("apps/v1", "ControllerRevision"),
    columns=(
        NAME,
        Column("Controller", _controller),
        Column("Revision", lambda revision, _: revision.get("revision") or 0),
        AGE,
    ),
    validate=validate,
    validate_create=validate_create,
    validate_update=validate_update,
)
