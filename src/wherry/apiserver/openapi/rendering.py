"""Operations as JSON, in the form of either version of OpenAPI."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from wherry.api.resource import GroupVersionKind
from wherry.apiserver.openapi.operations import Operation, Parameter
from wherry.apiserver.openapi.schemas import META, Json, Schemas, Version

PRODUCES = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]
PATCH = META + "Patch"

NameOf = Callable[[GroupVersionKind], str]
"""The long name of a kind's type, "" when it has none."""


def paths(operations: Iterable[Operation], schemas: Schemas, version: Version, name_of: NameOf) -> Json:
    """The `paths` of a document, sorted."""
    render = _v2_operation if version is Version.V2 else _v3_operation
    found: Json = {}
    for operation in operations:
        item = found.setdefault(operation.path, {})
        item[operation.method] = render(operation, schemas, name_of)
    for path, item in found.items():
        item["parameters"] = [_path_parameter(name, version) for name in _variables(path)]
        if not item["parameters"]:
            del item["parameters"]
    return dict(sorted(found.items()))


def patch_schema() -> Json:
    """The type of a PATCH's body."""
    return {
        "description": "Patch is provided to give a concrete name and type to the Kubernetes PATCH request body.",
        "type": "object",
    }


def _common(operation: Operation) -> Json:
    kind = operation.kind
    result: Json = {"description": operation.description, "operationId": operation.id, "tags": [operation.tag]}
    if operation.action:
        result["x-kubernetes-action"] = operation.action
    if kind is not None:
        result["x-kubernetes-group-version-kind"] = {"group": kind.group, "kind": kind.kind, "version": kind.version}
    return result


def _v2_operation(operation: Operation, schemas: Schemas, name_of: NameOf) -> Json:
    result = _common(operation)
    result["consumes"] = list(operation.patches) if operation.method == "patch" else ["*/*"]
    result["produces"] = PRODUCES if operation.answer else ["*/*"]
    result["schemes"] = ["https"]
    parameters: list[Json] = []
    body = _body_name(operation, name_of)
    if body:
        required = operation.method != "delete"
        parameters.append({"in": "body", "name": "body", "schema": schemas.reference(body)})
        if required:
            parameters[0]["required"] = True
    parameters += [_v2_query(parameter) for parameter in operation.query]
    if parameters:
        result["parameters"] = parameters
    result["responses"] = _responses(operation, name_of, schemas.reference)
    return result


def _v3_operation(operation: Operation, schemas: Schemas, name_of: NameOf) -> Json:
    result = _common(operation)
    if operation.query:
        result["parameters"] = [_v3_query(parameter) for parameter in operation.query]
    body = _body_name(operation, name_of)
    if body:
        types = operation.patches if operation.method == "patch" else ("*/*",)
        result["requestBody"] = {"content": {name: {"schema": schemas.reference(body)} for name in types}}
        if operation.method != "delete":
            result["requestBody"]["required"] = True

    def content(name: str) -> Json:
        return {"content": {media: {"schema": schemas.reference(name)} for media in PRODUCES}}

    result["responses"] = _responses(operation, name_of, content, v3=True)
    return result


def _responses(operation: Operation, name_of: NameOf, render: Callable[[str], Json], v3: bool = False) -> Json:
    name = name_of(operation.answer) if operation.answer else ""
    if not name:
        text: Json = {"content": {"*/*": {"schema": {"type": "string"}}}} if v3 else {"schema": {"type": "string"}}
        return {"200": {"description": "OK", **text}, "401": {"description": "Unauthorized"}}
    ok: Json = render(name) if v3 else {"schema": render(name)}
    codes = {"post": ("200", "201", "202"), "put": ("200", "201"), "patch": ("200", "201")}
    responses: Json = {code: {"description": _REASONS[code], **ok} for code in codes.get(operation.method, ("200",))}
    if operation.action == "delete":
        responses["202"] = {"description": "Accepted", **ok}
    return {**responses, "401": {"description": "Unauthorized"}}


_REASONS = {"200": "OK", "201": "Created", "202": "Accepted"}


def _body_name(operation: Operation, name_of: NameOf) -> str:
    if operation.action == "connect":
        return ""
    if operation.method == "patch":
        return PATCH
    return name_of(operation.body) if operation.body else ""


# Parameters repeat themselves; what is made of them is encoded and never changed.


@cache
def _v2_query(parameter: Parameter) -> Json:
    return {
        "description": parameter.description,
        "in": "query",
        "name": parameter.name,
        "type": parameter.type,
        "uniqueItems": True,
    }


@cache
def _v3_query(parameter: Parameter) -> Json:
    return {
        "description": parameter.description,
        "in": "query",
        "name": parameter.name,
        "schema": {"type": parameter.type, "uniqueItems": True},
    }


_VARIABLES = {
    "name": "Name of the object.",
    "namespace": "Namespace of the object.",
    "path": "The path to ask the target for.",
}


def _variables(path: str) -> list[str]:
    return [step[1:-1] for step in path.split("/") if step.startswith("{")]


def _path_parameter(name: str, version: Version) -> Json:
    what = _VARIABLES.get(name, "")
    parameter: Json = {"description": what, "in": "path", "name": name, "required": True}
    kind: Any = {"type": "string", "uniqueItems": True}
    return {**parameter, **kind} if version is Version.V2 else {**parameter, "schema": kind}
