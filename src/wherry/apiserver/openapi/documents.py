"""The OpenAPI documents of a list of resources.

A document of a group and version is made when it is asked for (5 to 40 ms) and remembered: those of built-in kinds for
all control planes of the process, those of custom kinds for as long as their definitions stay. The index needs none of
them, since a hash is that of what a document is made from.

The v2 document is one for everything and takes 200 ms to make: call `v2` in a thread when nothing may wait for it.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from functools import cache, cached_property, lru_cache
from typing import TypeVar

import msgspec
from msgspec import Struct

from wherry.api.errors import ApiError, NotFound
from wherry.api.resource import GroupVersionKind, Resource
from wherry.api.schema.shapes import DATA, kind_struct, long_name
from wherry.apiserver.openapi import custom, gnostic
from wherry.apiserver.openapi.custom import list_kind, model_name, own_kind
from wherry.apiserver.openapi.operations import DELETE_OPTIONS, STATUS, listing_of, operations
from wherry.apiserver.openapi.rendering import PATCH, patch_schema, paths
from wherry.apiserver.openapi.schemas import Json, Schemas, Version

JSON = "application/json"
PROTOBUF_V2 = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
PROTOBUF_V2_ASKED = ("application/com.github.proto-openapi.spec.v2@v1.0+protobuf", PROTOBUF_V2)

_METADATA = {"meta.v1.ObjectMeta", "meta.v1.ListMeta"}

_FORMAT = 5
"""Counts changes of the code that makes documents, which clients must notice."""

T = TypeVar("T")

_INFO = {"title": "Kubernetes", "version": "v1.37.0"}
_SECURITY = {
    "BearerToken": {
        "description": "Bearer Token authentication",
        "in": "header",
        "name": "authorization",
        "type": "apiKey",
    }
}
"""How generated clients learn that they may send a token."""


class Document(Struct, frozen=True):
    """An answer: its bytes, their content type, and the value of the ETag header (with quotes)."""

    data: bytes
    content_type: str
    etag: str


class OpenAPI:
    """The documents of what one API serves now.

    When the resources change, `updated` makes new ones and takes over what has not changed: a definition of a custom
    kind costs no more than the documents of its own group and version.
    """

    __slots__ = ("_groups", "_v2_json", "_v2_protobuf")

    def __init__(self, resources: Iterable[Resource], before: Mapping[str, _Group] | None = None) -> None:
        found: dict[str, list[Resource]] = {}
        for resource in resources:
            root = f"apis/{resource.group}/{resource.version}" if resource.group else f"api/{resource.version}"
            found.setdefault(root, []).append(resource)
        self._groups = {root: _group(tuple(found[root]), (before or {}).get(root)) for root in sorted(found)}
        self._v2_json = self._v2_protobuf = b""

    def updated(self, resources: Iterable[Resource]) -> OpenAPI:
        """The documents of other resources."""
        return OpenAPI(resources, self._groups)

    @property
    def group_versions(self) -> Iterable[str]:
        """What `v3` has documents for."""
        return self._groups.keys()

    def v3_index(self) -> Document:
        """`/openapi/v3`: where each group and version's document is; the hash in its address changes when it does."""
        listed = {
            root: {"serverRelativeURL": f"/openapi/v3/{root}?hash={group.fingerprint}"}
            for root, group in self._groups.items()
        }
        data = msgspec.json.encode({"paths": listed})
        return Document(data, JSON, _quoted(hashlib.sha512(data).hexdigest().upper()))

    def v3(self, group_version: str) -> Document:
        """`/openapi/v3/<group_version>`, such as `api/v1` or `apis/apps/v1`; raises NotFound."""
        group = self._groups.get(group_version)
        if group is None:
            raise _not_found()
        return Document(group.v3(), JSON, _quoted(group.fingerprint))

    def hash(self, group_version: str) -> str:
        """The hash that the index gives for a document, "" when there is none."""
        group = self._groups.get(group_version)
        return group.fingerprint if group else ""

    def v2(self, accept: str = JSON) -> Document:
        """`/openapi/v2`: everything in one document, as JSON or, if asked for, as protobuf."""
        prints = "".join(group.fingerprint for group in self._groups.values())
        etag = _quoted(hashlib.sha512(prints.encode()).hexdigest().upper())
        if not self._v2_json:
            self._v2_json = self._make_v2()
        if not any(asked in accept for asked in PROTOBUF_V2_ASKED):
            return Document(self._v2_json, JSON, etag)
        if not self._v2_protobuf:
            self._v2_protobuf = gnostic.document(msgspec.json.decode(self._v2_json))
        return Document(self._v2_protobuf, PROTOBUF_V2, etag)

    def _make_v2(self) -> bytes:
        """The parts of all groups as one document; what several of them refer to is the same in each."""
        found: dict[str, msgspec.Raw] = {}
        schemas: dict[str, msgspec.Raw] = {}
        for group in self._groups.values():
            part = group.v2()
            found |= part.paths
            schemas |= part.definitions
        whole = {
            "swagger": "2.0",
            "info": _INFO,
            "paths": _sorted(found),
            "definitions": _sorted(schemas),
            "securityDefinitions": _SECURITY,
            "security": [{name: [] for name in _SECURITY}],
        }
        return msgspec.json.encode(whole)


class _Part(msgspec.Struct):
    """One group and version's share of the v2 document, encoded."""

    paths: dict[str, msgspec.Raw]
    definitions: dict[str, msgspec.Raw]


class _Group:
    """What is published of one group and version; made when asked for."""

    def __init__(self, resources: tuple[Resource, ...]) -> None:
        self.resources = resources
        self._v3 = b""
        self._v2: _Part | None = None

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all that the documents of these resources are made from."""
        parts: list[object] = [_FORMAT, _data_checksum()]
        for resource in self.resources:
            parts += [resource.api_version, resource.kind, resource.plural, resource.verbs, resource.scope.value]
            parts += [(sub.name, sub.verbs) for sub in resource.subresources]
            if not _type_of(own_kind(resource)):
                parts.append(custom.fingerprint(resource))
        return hashlib.sha512(repr(parts).encode()).hexdigest().upper()

    def v3(self) -> bytes:
        if not self._v3:
            found, schemas = _contents(self.resources, Version.V3)
            components = {"schemas": schemas, "securitySchemes": _SECURITY}
            whole = {"openapi": "3.0.0", "info": _INFO, "paths": found, "components": components}
            self._v3 = msgspec.json.encode(whole)
        return self._v3

    def v2(self) -> _Part:
        if self._v2 is None:
            found, schemas = _contents(self.resources, Version.V2)
            self._v2 = msgspec.json.decode(msgspec.json.encode({"paths": found, "definitions": schemas}), type=_Part)
        return self._v2


def _group(resources: tuple[Resource, ...], before: _Group | None) -> _Group:
    """What is known of these resources already, if it is; of built-in ones alone it is known for the whole process."""
    if before is not None and before.resources == resources:
        return before
    return _Group(resources) if any(resource.lifetime for resource in resources) else _builtin_group(resources)


@lru_cache(64)
def _builtin_group(resources: tuple[Resource, ...]) -> _Group:
    return _Group(resources)


@cache
def _data_checksum() -> int:
    return zlib.crc32((DATA / "schema.z").read_bytes())


def _contents(resources: tuple[Resource, ...], version: Version) -> tuple[Json, Json]:
    """(paths, schemas) of a document."""
    every = [listing_of(resources[0])]
    every += [operation for resource in resources for operation in operations(resource)]
    customs = [resource for resource in resources if not _type_of(own_kind(resource))]
    custom_kinds = {kind for resource in customs for kind in (own_kind(resource), list_kind(resource))}
    wanted = {DELETE_OPTIONS, STATUS}
    for operation in every:
        wanted |= {kind for kind in (operation.body, operation.answer) if kind}
    schemas = Schemas(version)
    types = {_type_of(kind) for kind in wanted} | (_METADATA if customs else set())
    found = schemas.reachable(sorted(types - {""}))
    for resource in customs:
        found |= custom.definitions(resource, version)
    if any(operation.method == "patch" for operation in every):
        found[PATCH] = patch_schema()

    def name_of(kind: GroupVersionKind) -> str:
        name = _type_of(kind)
        return long_name(name) if name else model_name(kind) if kind in custom_kinds else ""

    return paths(every, schemas, version, name_of), _sorted(found)


@lru_cache(512)
def _type_of(kind: GroupVersionKind) -> str:
    """The name of a built-in kind's type, "" when there is none."""
    try:
        return kind_struct(kind.api_version, kind.kind).name
    except LookupError:
        return ""


def _sorted(found: Mapping[str, T]) -> dict[str, T]:
    return dict(sorted(found.items()))


def _quoted(text: str) -> str:
    return f'"{text}"'


def _not_found() -> ApiError:
    return NotFound("the server could not find the requested resource", {})
