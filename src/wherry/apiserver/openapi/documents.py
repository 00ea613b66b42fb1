"""The OpenAPI documents of a list of resources.

A document of a group and version is made when it is asked for (5 to 40 ms) and remembered for all control planes that
serve the same resources; the index needs none of them, since a hash is that of what a document is made from.

The v2 document is one for everything and takes 200 ms to make: call `v2` in a thread when nothing may wait for it.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import msgspec

from wherry.api.errors import ApiError, NotFound
from wherry.api.resource import GroupVersionKind, Resource
from wherry.api.schema.shapes import DATA, kind_struct, long_name
from wherry.apiserver.openapi import gnostic
from wherry.apiserver.openapi.operations import DELETE_OPTIONS, STATUS, operations
from wherry.apiserver.openapi.rendering import PATCH, patch_schema, paths
from wherry.apiserver.openapi.schemas import Json, Schemas, Version

JSON = "application/json"
PROTOBUF_V2 = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_PROTOBUF_V2_ASKED = ("application/com.github.proto-openapi.spec.v2@v1.0+protobuf", PROTOBUF_V2)

_FORMAT = 1
"""Counts changes of the code that makes documents, which clients must notice."""

_INFO = {"title": "Kubernetes", "version": "v1.37.0"}


class Document(NamedTuple):
    """An answer: its bytes, their content type, and the value of the ETag header (with quotes)."""

    data: bytes
    content_type: str
    etag: str


class OpenAPI:
    """The documents of what one API serves now; make a new one when the resources change (it costs nothing)."""

    __slots__ = ("_groups",)

    def __init__(self, resources: Iterable[Resource]) -> None:
        groups: dict[str, list[Resource]] = {}
        for resource in resources:
            root = f"apis/{resource.group}/{resource.version}" if resource.group else f"api/{resource.version}"
            groups.setdefault(root, []).append(resource)
        self._groups = {root: tuple(groups[root]) for root in sorted(groups)}

    def v3_index(self) -> Document:
        """`/openapi/v3`: where each group and version's document is; the hash in its address changes when it does."""
        listed = {
            root: {"serverRelativeURL": f"/openapi/v3/{root}?hash={_fingerprint(group)}"}
            for root, group in self._groups.items()
        }
        data = msgspec.json.encode({"paths": listed})
        return Document(data, JSON, _quoted(hashlib.sha512(data).hexdigest().upper()))

    def v3(self, group_version: str) -> Document:
        """`/openapi/v3/<group_version>`, such as `api/v1` or `apis/apps/v1`; raises NotFound."""
        group = self._groups.get(group_version)
        if group is None:
            raise _not_found()
        return Document(_v3(group), JSON, _quoted(_fingerprint(group)))

    def hash(self, group_version: str) -> str:
        """The hash that the index gives for a document, "" when there is none."""
        group = self._groups.get(group_version)
        return _fingerprint(group) if group else ""

    def v2(self, accept: str = JSON) -> Document:
        """`/openapi/v2`: everything in one document, as JSON or, if asked for, as protobuf."""
        everything = tuple(resource for group in self._groups.values() for resource in group)
        etag = _quoted(_fingerprint(everything))
        if any(asked in accept for asked in _PROTOBUF_V2_ASKED):
            return Document(_v2_protobuf(everything), PROTOBUF_V2, etag)
        return Document(_v2_json(everything), JSON, etag)


@lru_cache(64)
def _v3(group: tuple[Resource, ...]) -> bytes:
    found, schemas = _contents(group, Version.V3)
    return msgspec.json.encode({"openapi": "3.0.0", "info": _INFO, "paths": found, "components": {"schemas": schemas}})


@lru_cache(2)
def _v2_json(everything: tuple[Resource, ...]) -> bytes:
    return msgspec.json.encode(_v2_document(everything))


@lru_cache(2)
def _v2_protobuf(everything: tuple[Resource, ...]) -> bytes:
    return gnostic.document(_v2_document(everything))


def _v2_document(everything: tuple[Resource, ...]) -> Json:
    found, schemas = _contents(everything, Version.V2)
    return {"swagger": "2.0", "info": _INFO, "paths": found, "definitions": schemas}


def _contents(resources: tuple[Resource, ...], version: Version) -> tuple[Json, Json]:
    """(paths, schemas) of a document."""
    every = [operation for resource in resources for operation in operations(resource)]
    custom = {_own_kind(resource): resource for resource in resources if not _type_of(_own_kind(resource))}
    wanted = {DELETE_OPTIONS, STATUS}
    for operation in every:
        wanted |= {kind for kind in (operation.body, operation.answer) if kind}
    schemas = Schemas(version)
    found = schemas.reachable(sorted({_type_of(kind) for kind in wanted} - {""}))
    found |= {_custom_name(kind): _custom_schema(kind) for kind in custom}
    if any(operation.method == "patch" for operation in every):
        found[PATCH] = patch_schema()

    def name_of(kind: GroupVersionKind) -> str:
        name = _type_of(kind)
        return long_name(name) if name else _custom_name(kind) if kind in custom else ""

    return paths(every, schemas, version, name_of), dict(sorted(found.items()))


def _own_kind(resource: Resource) -> GroupVersionKind:
    return GroupVersionKind(resource.group, resource.version, resource.kind)


@lru_cache(512)
def _type_of(kind: GroupVersionKind) -> str:
    """The name of a built-in kind's type, "" when there is none."""
    try:
        return kind_struct(kind.api_version, kind.kind).name
    except LookupError:
        return ""


def _custom_name(kind: GroupVersionKind) -> str:
    return ".".join([*reversed(kind.group.split(".")), kind.version, kind.kind])


def _custom_schema(kind: GroupVersionKind) -> Json:
    # Their structural schemas are published once custom resources are served (2026-11); until then: any object.
    return {
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": True,
        "x-kubernetes-group-version-kind": [{"group": kind.group, "kind": kind.kind, "version": kind.version}],
    }


@lru_cache(128)
def _fingerprint(resources: tuple[Resource, ...]) -> str:
    """A hash of all that the documents of these resources are made from."""
    parts: list[object] = [_FORMAT, zlib.crc32((DATA / "schema.z").read_bytes())]
    for resource in resources:
        parts += [resource.api_version, resource.kind, resource.plural, resource.verbs, resource.scope.value]
        parts += [(sub.name, sub.verbs) for sub in resource.subresources]
    return hashlib.sha512(repr(parts).encode()).hexdigest().upper()


def _quoted(text: str) -> str:
    return f'"{text}"'


def _not_found() -> ApiError:
    return NotFound("the server could not find the requested resource", {})
