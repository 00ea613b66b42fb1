"""ControllerRevisions: earlier templates of DaemonSets and StatefulSets."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.meta.columns import AGE, NAME, NONE
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
)
