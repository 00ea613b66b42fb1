"""Read back what was written, by the field numbers of gnostic's OpenAPIv2.proto."""

from __future__ import annotations

import json
from typing import Any

from wherry.api.registry import BUILTIN
from wherry.apiserver.openapi.documents import OpenAPI
from wherry.apiserver.openapi.gnostic import document

Message = dict[int, list[Any]]


def read(data: bytes) -> Message:
    """The fields of a message: number -> values, in order."""
    fields: Message = {}
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        tag = varint()
        if tag & 7 == 0:
            fields.setdefault(tag >> 3, []).append(varint())
        else:
            assert tag & 7 == 2
            size = varint()
            fields.setdefault(tag >> 3, []).append(data[at : at + size])
            at += size
    return fields


def named(messages: list[bytes]) -> dict[str, Message]:
    return {read(item)[1][0].decode(): read(read(item)[2][0]) for item in messages}


def extension(message: Message, number: int, name: str) -> Any:
    return json.loads(named(message[number])[name][2][0])


def test_a_small_document() -> None:
    schema = {
        "description": "d",
        "type": "object",
        "required": ["a"],
        "properties": {
            "a": {"type": "array", "items": {"$ref": "#/definitions/b"}, "x-kubernetes-patch-merge-key": "name"},
            "m": {"type": "object", "additionalProperties": {"type": "integer", "format": "int32"}},
        },
    }
    key = {"type": "apiKey", "name": "n", "in": "header", "description": "d"}
    doc = read(
        document(
            {
                "swagger": "2.0",
                "info": {"title": "t", "version": "v"},
                "paths": {},
                "definitions": {"x": schema},
                "security": [{"k": []}],
                "securityDefinitions": {"k": key},
            }
        )
    )
    assert doc[1] == [b"2.0"]
    assert named(read(doc[12][0])[1]) == {"k": {}}
    assert read(named(read(doc[13][0])[1])["k"][2][0]) == {1: [b"apiKey"], 2: [b"n"], 3: [b"header"], 4: [b"d"]}
    assert read(doc[2][0]) == {1: [b"t"], 2: [b"v"]}
    x = named(read(doc[9][0])[1])["x"]
    assert (x[4], x[19], read(x[22][0])) == ([b"d"], [b"a"], {1: [b"object"]})
    properties = named(read(x[25][0])[1])
    assert extension(properties["a"], 31, "x-kubernetes-patch-merge-key") == "name"
    assert read(read(properties["a"][23][0])[1][0]) == {1: [b"#/definitions/b"]}
    value = read(read(properties["m"][21][0])[1][0])
    assert (value[2], read(value[22][0])) == ([b"int32"], {1: [b"integer"]})


def test_what_old_clients_look_for() -> None:
    doc = read(OpenAPI(BUILTIN).v2("application/com.github.proto-openapi.spec.v2@v1.0+protobuf").data)
    deployment = named(read(doc[9][0])[1])["io.k8s.api.apps.v1.Deployment"]
    kinds = extension(deployment, 31, "x-kubernetes-group-version-kind")
    assert kinds == [{"group": "apps", "kind": "Deployment", "version": "v1"}]
    item = named(read(doc[8][0])[2])["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]
    patch = read(item[8][0])
    assert patch[5] == [b"patchAppsV1NamespacedDeployment"]
    names = []
    for parameter in map(read, patch[8]):
        inner = read(parameter[1][0])
        if 2 in inner:
            names.append(read(read(inner[2][0])[3][0])[4][0].decode())
    assert {"dryRun", "fieldManager", "fieldValidation", "force"} <= set(names)
    paths = [read(read(read(parameter)[1][0])[2][0]) for parameter in item[9]]
    assert [read(path[4][0])[4] for path in paths] == [[b"namespace"], [b"name"]]
