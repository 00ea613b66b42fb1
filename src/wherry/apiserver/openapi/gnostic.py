"""An OpenAPI v2 document as protobuf: the message `openapi.v2.Document` of the gnostic project.

Only what our documents contain is written. Extensions are YAML inside the message; JSON is YAML too.
"""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]


def document(doc: Json) -> bytes:
    """The whole document."""
    info = _text(1, doc["info"]["title"]) + _text(2, doc["info"]["version"])
    paths = b"".join(_message(2, _named(path, _path_item(item))) for path, item in doc["paths"].items())
    definitions = b"".join(_message(1, _named(name, _schema(item))) for name, item in doc["definitions"].items())
    return _text(1, doc["swagger"]) + _message(2, info) + _message(8, paths) + _message(9, definitions)


_METHODS = {"get": 2, "put": 3, "post": 4, "delete": 5, "options": 6, "head": 7, "patch": 8}


def _path_item(item: Json) -> bytes:
    parts = [_message(number, _operation(item[method])) for method, number in _METHODS.items() if method in item]
    parts += [_message(9, _parameter(parameter)) for parameter in item.get("parameters", ())]
    return b"".join(parts)


def _operation(operation: Json) -> bytes:
    return b"".join(
        [
            *(_text(1, tag) for tag in operation["tags"]),
            _text(3, operation["description"]),
            _text(5, operation["operationId"]),
            *(_text(6, media) for media in operation["produces"]),
            *(_text(7, media) for media in operation["consumes"]),
            *(_message(8, _parameter(parameter)) for parameter in operation.get("parameters", ())),
            _message(9, b"".join(_message(1, _response(*item)) for item in operation["responses"].items())),
            *(_text(10, scheme) for scheme in operation["schemes"]),
            _extensions(13, operation),
        ]
    )


def _parameter(parameter: Json) -> bytes:
    """A ParametersItem, around a Parameter, around a body parameter or a non-body one of its place."""
    place = parameter["in"]
    if place == "body":
        body = _text(1, parameter.get("description", "")) + _text(2, parameter["name"]) + _text(3, place)
        body += _flag(4, parameter.get("required", False)) + _message(5, _schema(parameter["schema"]))
        return _message(1, _message(1, body))
    value = _flag(1, parameter.get("required", False)) + _text(2, place) + _text(3, parameter["description"])
    value += _text(4, parameter["name"])
    if place == "path":
        return _message(1, _message(2, _message(4, value + _text(5, parameter["type"]) + _flag(19, True))))
    return _message(1, _message(2, _message(3, value + _text(6, parameter["type"]) + _flag(20, True))))


def _response(code: str, response: Json) -> bytes:
    value = _text(1, response["description"])
    if "schema" in response:
        value += _message(2, _message(1, _schema(response["schema"])))
    return _named(code, _message(1, value))


def _schema(schema: Json) -> bytes:
    parts = [_text(1, schema.get("$ref", "")), _text(2, schema.get("format", ""))]
    parts += [_text(4, schema.get("description", ""))]
    parts += [_text(19, name) for name in schema.get("required", ())]
    if "additionalProperties" in schema:
        parts.append(_message(21, _message(1, _schema(schema["additionalProperties"]))))
    if "type" in schema:
        parts.append(_message(22, _text(1, schema["type"])))
    if "items" in schema:
        parts.append(_message(23, _message(1, _schema(schema["items"]))))
    if "properties" in schema:
        fields = (_message(1, _named(name, _schema(item))) for name, item in schema["properties"].items())
        parts.append(_message(25, b"".join(fields)))
    parts.append(_extensions(31, schema))
    return b"".join(parts)


def _extensions(number: int, item: Json) -> bytes:
    return b"".join(
        _message(number, _named(key, _text(2, json.dumps(value) + "\n")))
        for key, value in item.items()
        if key.startswith("x-")
    )


def _named(name: str, value: bytes) -> bytes:
    return _text(1, name) + _message(2, value)


def _text(number: int, text: str) -> bytes:
    return _message(number, text.encode()) if text else b""


def _message(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _flag(number: int, value: bool) -> bytes:
    return _varint(number << 3) + b"\x01" if value else b""


def _varint(value: int) -> bytes:
    if value < 0x80:
        return bytes((value,))
    parts = bytearray()
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
