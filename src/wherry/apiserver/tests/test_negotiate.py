"""What an Accept header gets."""

from __future__ import annotations

import pytest

from wherry.api.errors import NotAcceptable, UnsupportedMediaType
from wherry.apiserver.negotiate import JSON, PLAIN, PROTOBUF, YAML, Accepted, Form, body_type, negotiate

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.mark.parametrize(
    ("accept", "is_list", "expected"),
    [
        ("", False, PLAIN),
        ("*/*", False, PLAIN),
        ("application/json", True, PLAIN),
        (f"{PROTOBUF},application/json", True, Accepted(PROTOBUF)),
        (f"{PROTOBUF};q=0.5,application/json", True, PLAIN),
        (f"{PROTOBUF};as=Table;v=v1;g=meta.k8s.io,{TABLE}", True, Accepted(JSON, Form.TABLE, "v1")),
        ("*/*,application/yaml", False, Accepted(YAML)),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False, PLAIN),
        ("application/json;pretty=1", False, Accepted(is_pretty=True)),
        ("application/yaml", False, Accepted(YAML)),
        ("application/yaml;q=0.1, application/json", False, PLAIN),
        (f"{TABLE},application/json", True, Accepted(JSON, Form.TABLE, "v1")),
        ("application/json;as=Table;v=v9;g=meta.k8s.io,application/json", True, PLAIN),
        ("application/json;as=Table;g=meta.k8s.io;v=v1beta1", False, Accepted(JSON, Form.TABLE, "v1beta1")),
        ("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", False, Accepted(JSON, Form.PARTIAL)),
        ("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", True, Accepted(JSON, Form.PARTIAL_LIST)),
    ],
)
def test_negotiate(accept: str, is_list: bool, expected: Accepted) -> None:
    assert negotiate(accept, is_list=is_list) == expected


@pytest.mark.parametrize("accept", ["text/html", "application/json;as=Table;v=v9;g=meta.k8s.io", "application/cbor"])
def test_not_acceptable(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        negotiate(accept)


def test_a_kind_without_protobuf_falls_back() -> None:
    assert negotiate(f"{PROTOBUF},application/json", has_protobuf=lambda: False) is PLAIN
    with pytest.raises(NotAcceptable, match=r"accepted: application/json, application/yaml$"):
        negotiate(PROTOBUF, has_protobuf=lambda: False)
    partial = f"{PROTOBUF};as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
    assert negotiate(partial, has_protobuf=lambda: False) == Accepted(PROTOBUF, Form.PARTIAL)


def test_body_types() -> None:
    assert body_type("") == JSON
    assert body_type("application/json; charset=utf-8") == JSON
    assert body_type("application/yaml") == YAML
    with pytest.raises(UnsupportedMediaType, match="in an unknown format"):
        body_type("application/x-www-form-urlencoded")
