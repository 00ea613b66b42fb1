from __future__ import annotations

import json
import re

from wherry.api.schema.compiler import go_name, value_check
from wherry.api.schema.required import ACCEPTED_EMPTY, JUDGED_ELSEWHERE, enforced
from wherry.api.schema.shapes import DATA, Field, base_type, kind_struct, long_name, names, struct


def test_fields_know_how_they_merge() -> None:
    assert struct("core.v1.PodSpec").fields["containers"] == Field(
        "[@core.v1.Container", "map", ("name",), patch_strategy="merge", patch_key="name"
    )
    assert struct("core.v1.LocalObjectReference").map_type == "atomic"


def test_every_expression_refers_to_something() -> None:
    known = set(names())
    for name in known:
        for field in struct(name).fields.values():
            assert re.fullmatch(r"[\[{]*([silbdytuqxofjBAS]|@[\w.]+)", field.type), field
            base = base_type(field.type)
            assert not base or base in known
            assert go_name(field.type)


def test_every_type_can_be_checked() -> None:
    for name in names():
        assert value_check("@" + name, True)(None, None, {"bogus": 1})


def test_every_served_kind_has_a_shape() -> None:
    for row in json.loads((DATA / "resources.json").read_text()):
        for kind in [row, *row["subresources"]]:
            api_version = f"{kind['group']}/{kind['version']}".lstrip("/")
            if kind["kind"] not in ("WatchEvent",):
                assert kind_struct(api_version, kind["kind"]).fields


def test_exceptions_from_requirements_are_needed() -> None:
    for qualified in ACCEPTED_EMPTY | JUDGED_ELSEWHERE:
        name, _, field = qualified.rpartition(".")
        assert field in struct(name).required, qualified
        assert field not in enforced(struct(name))[0]


def test_long_names() -> None:
    assert long_name("core.v1.Pod") == "io.k8s.api.core.v1.Pod"
    assert long_name("meta.v1.ObjectMeta") == "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
    assert long_name("version.Info") == "io.k8s.apimachinery.pkg.version.Info"
