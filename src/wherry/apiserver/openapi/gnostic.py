"""An OpenAPI v2 document as protobuf: the message `openapi.v2.Document` of the gnostic project.

Only what our documents contain is written. Extensions are YAML inside the message; JSON is YAML too.
"""

from __future__ import annotations

import json
from typing import Any

from wherry.apiserver.protobuf.wire import VARINT, message, tag, text

Json = dict[str, Any]


def document(doc: Json) -> bytes:
    """The whole document."""
    info = text(1, doc["info"]["title"]) + text(2, doc["info"]["version"])
    paths = b"".join(message(2, _named(path, _path_item(item))) for path, item in doc["paths"].items())
    definitions = b"".join(message(1, _named(name, _schema(item))) for name, item in doc["definitions"].items())
    whole = text(1, doc["swagger"]) + message(2, info) + message(8, paths) + message(9, definitions)
    return whole + _security(doc["security"], doc["securityDefinitions"])


def _security(required: list[Json], definitions: Json) -> bytes:
    """What is required of requests: no scopes, and keys in headers, are all that there is."""
    parts = [message(12, b"".join(message(1, _named(name, b"")) for name in each)) for each in required]
    keys = b"".join(message(1, _named(name, message(2, _api_key(key)))) for name, key in definitions.items())
    return b"".join(parts) + message(13, keys)


def _api_key(key: Json) -> bytes:
    return text(1, key["type"]) + text(2, key["name"]) + text(3, key["in"]) + text(4, key["description"])


_METHODS = {"get": 2, "put": 3, "post": 4, "delete": 5, "options": 6, "head": 7, "patch": 8}


def _path_item(item: Json) -> bytes:
    parts = [message(number, _operation(item[method])) for method, number in _METHODS.items() if method in item]
    parts += [message(9, _parameter(parameter)) for parameter in item.get("parameters", ())]
    return b"".join(parts)


def _operation(operation: Json) -> bytes:
    return b"".join(
        [
            *(text(1, tag) for tag in operation["tags"]),
            text(3, operation["description"]),
            text(5, operation["operationId"]),
            *(text(6, media) for media in operation["produces"]),
            *(text(7, media) for media in operation["consumes"]),
            *(message(8, _parameter(parameter)) for parameter in operation.get("parameters", ())),
            message(9, b"".join(message(1, _response(*item)) for item in operation["responses"].items())),
            *(text(10, scheme) for scheme in operation["schemes"]),
            _extensions(13, operation),
        ]
    )


def _parameter(parameter: Json) -> bytes:
    """A ParametersItem, around a Parameter, around a body parameter or a non-body one of its place."""
    place = parameter["in"]
    if place == "body":
        body = text(1, parameter.get("description", "")) + text(2, parameter["name"]) + text(3, place)
        body += _flag(4, parameter.get("required", False)) + message(5, _schema(parameter["schema"]))
        return message(1, message(1, body))
    value = _flag(1, parameter.get("required", False)) + text(2, place) + text(3, parameter["description"])
    value += text(4, parameter["name"])
    if place == "path":
        return message(1, message(2, message(4, value + text(5, parameter["type"]) + _flag(19, True))))
    return message(1, message(2, message(3, value + text(6, parameter["type"]) + _flag(20, True))))


def _response(code: str, response: Json) -> bytes:
    value = text(1, response["description"])
    if "schema" in response:
        value += message(2, message(1, _schema(response["schema"])))
    return _named(code, message(1, value))


def _schema(schema: Json) -> bytes:
    parts = [text(1, schema.get("$ref", "")), text(2, schema.get("format", ""))]
    parts += [text(4, schema.get("description", ""))]
    parts += [text(19, name) for name in schema.get("required", ())]
    if "additionalProperties" in schema:
        parts.append(message(21, message(1, _schema(schema["additionalProperties"]))))
    if "type" in schema:
        parts.append(message(22, text(1, schema["type"])))
    if "items" in schema:
        parts.append(message(23, message(1, _schema(schema["items"]))))
    if "properties" in schema:
        fields = (message(1, _named(name, _schema(item))) for name, item in schema["properties"].items())
        parts.append(message(25, b"".join(fields)))
    parts.append(_extensions(31, schema))
    return b"".join(parts)


def _extensions(number: int, item: Json) -> bytes:
    return b"".join(
        message(number, _named(key, text(2, json.dumps(value) + "\n")))
        for key, value in item.items()
        if key.startswith("x-")
    )


def _named(name: str, value: bytes) -> bytes:
    return text(1, name) + message(2, value)


def _flag(number: int, value: bool) -> bytes:
    return tag(number, VARINT) + b"\x01" if value else b""
