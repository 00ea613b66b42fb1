from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.apps.daemonset import DAEMONSETS
from wherry.api.types.apps_v1 import ControllerRevision
from wherry.api.types.core_v1 import PodTemplateSpec
from wherry.api.types.decoding import convert
from wherry.api.types.meta_v1 import ObjectMeta
from wherry.controllers.apps.history import HASH_LABEL, History, keep

OWNER = (DAEMONSETS, convert(ObjectMeta, {"name": "d", "namespace": "default", "uid": "u"}))


def template(image: str) -> PodTemplateSpec:
    spec = {"containers": [{"name": "main", "image": image}]}
    return convert(PodTemplateSpec, {"metadata": {"labels": {"app": "d"}}, "spec": spec})


def kept(image: str, revisions: list[Obj], limit: int = 10, used: tuple[str, ...] = (), **more: Any) -> History:
    views = [convert(ControllerRevision, revision) for revision in revisions]
    return keep(OWNER, template(image), views, limit, used, more.get("collisions"))


def test_a_new_template_becomes_the_next_revision() -> None:
    first = kept("v1", []).create
    assert first is not None
    assert (first["revision"], first["metadata"]["labels"]["app"]) == (1, "d")
    second = kept("v2", [first])
    assert second.create is not None
    assert second.create["revision"] == 2
    assert second.create["metadata"]["name"] == f"d-{second.hash}"
    assert kept("v1", [first]) == History(first["metadata"]["labels"][HASH_LABEL], None, None, ())


def test_an_old_template_is_numbered_anew() -> None:
    first = kept("v1", []).create
    assert first is not None
    second = kept("v2", [first]).create
    assert second is not None
    back = kept("v1", [first, second])
    assert (back.create, back.renumber) == (None, (first["metadata"]["name"], 3))


def test_old_revisions_go_but_not_those_in_use() -> None:
    revisions: list[Obj] = []
    for i in range(5):
        made = kept(f"v{i}", revisions).create
        assert made is not None
        revisions.append(made)
    in_use = revisions[0]["metadata"]["labels"][HASH_LABEL]
    gone = kept("v4", revisions, limit=2, used=(in_use,)).delete
    assert [revision.revision for revision in gone] == [2, 3]


def test_of_several_with_the_same_template_the_newest_is_kept() -> None:
    first = kept("v1", []).create
    assert first is not None
    other = {**first, "metadata": {**first["metadata"], "name": "d-twin", "labels": {}}, "revision": 2}
    found = kept("v1", [first, other], limit=0)
    assert (found.hash, found.create, found.renumber, found.delete) == ("d-twin", None, None, ())
    assert [one.metadata.name for one in found.duplicates] == [first["metadata"]["name"]]


def test_a_collision_changes_the_name() -> None:
    assert kept("v1", []).hash != kept("v1", [], collisions=1).hash
