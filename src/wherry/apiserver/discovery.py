"""What the API serves, told to clients: `/api`, `/apis`, their group versions, and all at once (aggregated discovery).

Documents are made when first asked for and kept until the registry changes; of the aggregated one, so are the parts of
each group and version that a change leaves alone, since it names all kinds and is asked for after each. Their ETag is a
hash of their bytes, which lets kubectl keep its own copy.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

from wherry.api import Obj
from wherry.api.errors import MethodNotAllowed, NotFound
from wherry.api.registry import Registry
from wherry.api.resource import Resource, Subresource
from wherry.apiserver.attributes import User
from wherry.apiserver.encode import encode_any
from wherry.apiserver.negotiate import PLAIN, negotiate
from wherry.apiserver.respond import PRIVATE, plainly, value_reply
from wherry.transport.messages import Request, Response

_AGGREGATED = {
    version: f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
    for version in ("v2", "v2beta1")
}


class _Document(Struct, frozen=True):
    data: bytes
    etag: str
    content_type: str


class Discovery:
    """The discovery documents of one registry."""

    __slots__ = ("_documents", "_parts", "_registry", "_revision")

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._documents: dict[str, _Document] = {}
        self._parts: dict[tuple[str, str], tuple[Sequence[Resource], msgspec.Raw]] = {}
        """What the aggregated document says of a group and version, and of which resources that is true."""
        self._revision = registry.revision

    def legacy(self, request: Request, _: User) -> Response:
        """`/api`: the group without a name."""
        if version := _wants_aggregated(request):
            return self._reply(request, f"core {version}", lambda: self._aggregated([""], version), version)
        return self._reply(request, "core", self._api_versions)

    def groups(self, request: Request, _: User) -> Response:
        """`/apis`: all groups with a name."""
        named = [group for group in self._registry.groups() if group]
        if version := _wants_aggregated(request):
            return self._reply(request, f"groups {version}", lambda: self._aggregated(named, version), version)
        return self._reply(request, "groups", lambda: self._group_list(named))

    def versions(self, request: Request, _: User) -> Response:
        """`/api/v1`, `/apis/<group>` and `/apis/<group>/<version>`."""
        match request.path.strip("/").split("/"):
            case ["api", version] if version in self._registry.versions(""):
                return self._reply(request, f"/{version}", lambda: self._resources("", version))
            case ["apis", group] if self._registry.versions(group):
                return self._reply(
                    request, group, lambda: {"kind": "APIGroup", "apiVersion": "v1", **self._group(group)}
                )
            case ["apis", group, version] if version in self._registry.versions(group):
                return self._reply(request, f"{group}/{version}", lambda: self._resources(group, version))
        raise NotFound("the server could not find the requested resource", {})

    def paths(self) -> list[str]:
        """All paths that discovery is served under."""
        found = ["/api", "/apis"]
        for group in self._registry.groups():
            base = f"/apis/{group}" if group else "/api"
            found += [base, *(f"{base}/{version}" for version in self._registry.versions(group))]
        return found

    def _reply(self, request: Request, name: str, make: Callable[[], Obj], aggregated: str = "") -> Response:
        if request.method != "GET":
            raise MethodNotAllowed("the server does not allow this method on the requested resource", {})
        if self._revision != self._registry.revision:
            self._documents.clear()
            self._forget()
            self._revision = self._registry.revision
        if not aggregated:
            negotiate(request.headers.get("accept", ""), has_table=lambda: False)
            if plainly(request) is not PLAIN:
                return value_reply(make(), request)
        document = self._documents.get(name)
        if document is None:
            data = encode_any(make())
            etag = f'"{hashlib.sha256(data).hexdigest().upper()}"'
            content_type = _AGGREGATED[aggregated] if aggregated else "application/json"
            document = self._documents[name] = _Document(data, etag, content_type)
        return _conditional(request, document, bool(aggregated))

    def _forget(self) -> None:
        """Let go of the parts of what is served no more."""
        registry = self._registry
        served = {(group, version) for group in registry.groups() for version in registry.versions(group)}
        for gone in self._parts.keys() - served:
            del self._parts[gone]

    def _api_versions(self) -> Obj:
        return {
            "kind": "APIVersions",
            "versions": list(self._registry.versions("")),
            "serverAddressByClientCIDRs": [],
        }

    def _group_list(self, groups: list[str]) -> Obj:
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [self._group(group) for group in groups]}

    def _group(self, group: str) -> Obj:
        versions = [{"groupVersion": f"{group}/{v}", "version": v} for v in self._registry.versions(group)]
        return {"name": group, "versions": versions, "preferredVersion": versions[0]}

    def _resources(self, group: str, version: str) -> Obj:
        entries: list[Obj] = []
        for resource in self._registry.resources(group, version):
            entries.append(_entry(resource))
            entries += [_sub_entry(resource, sub) for sub in resource.subresources]
        return {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": f"{group}/{version}" if group else version,
            "resources": sorted(entries, key=lambda entry: str(entry["name"])),
        }

    def _aggregated(self, groups: list[str], version: str) -> Obj:
        return {
            "kind": "APIGroupDiscoveryList",
            "apiVersion": f"apidiscovery.k8s.io/{version}",
            "metadata": {},
            "items": [
                {
                    "metadata": {"name": group, "creationTimestamp": None} if group else {"creationTimestamp": None},
                    "versions": [
                        {"version": v, "resources": self._part(group, v), "freshness": "Current"}
                        for v in self._registry.versions(group)
                    ],
                }
                for group in groups
            ],
        }

    def _part(self, group: str, version: str) -> msgspec.Raw:
        resources = self._registry.resources(group, version)
        known = self._parts.get((group, version))
        if known is not None and known[0] is resources:
            return known[1]
        part = msgspec.Raw(encode_any([_aggregated_entry(resource) for resource in resources]))
        self._parts[group, version] = resources, part
        return part


def _wants_aggregated(request: Request) -> str:
    """The version of aggregated discovery that the client prefers; "" for the plain documents."""
    accept = request.headers.get("accept", "")
    if "APIGroupDiscoveryList" not in accept:
        return ""
    for clause in accept.split(","):
        params = {part.strip() for part in clause.split(";")}
        if not {"application/json", "g=apidiscovery.k8s.io", "as=APIGroupDiscoveryList"} <= params:
            if clause.strip().startswith("application/json"):
                return ""
            continue
        for version in _AGGREGATED:
            if f"v={version}" in params:
                return version
    return ""


def _conditional(request: Request, document: _Document, has_etag: bool) -> Response:
    if not has_etag:
        return Response(200, document.data, document.content_type, PRIVATE)
    headers = (("ETag", document.etag), ("Vary", "Accept"), ("Cache-Control", "public"))
    if request.headers.get("if-none-match") == document.etag:
        return Response(304, b"", document.content_type, headers)
    return Response(200, document.data, document.content_type, headers)


def _entry(resource: Resource) -> Obj:
    entry: Obj = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.is_namespaced,
        "kind": resource.kind,
        "verbs": _verbs(resource),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if resource.stored:
        entry["storageVersionHash"] = _storage_hash(resource)
    return entry


def _sub_entry(resource: Resource, sub: Subresource) -> Obj:
    entry: Obj = {"name": f"{resource.plural}/{sub.name}", "singularName": "", "namespaced": resource.is_namespaced}
    if sub.kind is not None:
        entry["group"], entry["version"] = sub.kind.group, sub.kind.version
    entry["kind"] = sub.kind.kind if sub.kind is not None else resource.kind
    entry["verbs"] = list(sub.verbs)
    return entry


def _aggregated_entry(resource: Resource) -> Obj:
    entry: Obj = {
        "resource": resource.plural,
        "responseKind": {"group": resource.group, "version": resource.version, "kind": resource.kind},
        "scope": resource.scope.value,
        "singularResource": resource.singular,
        "verbs": _verbs(resource),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if subs := [_aggregated_sub_entry(resource, sub) for sub in resource.subresources]:
        entry["subresources"] = subs
    return entry


def _aggregated_sub_entry(resource: Resource, sub: Subresource) -> Obj:
    kind = sub.kind
    group, version, name = (
        (kind.group, kind.version, kind.kind) if kind is not None else (resource.group, resource.version, resource.kind)
    )
    return {
        "subresource": sub.name,
        "responseKind": {"group": group, "version": version, "kind": name},
        "verbs": list(sub.verbs),
    }


_OF_TERMINATING = frozenset({"delete", "deletecollection", "get", "list", "watch"})


def _verbs(resource: Resource) -> list[str]:
    """What can be done with a kind; with one on its way out, only what helps it go."""
    return [verb for verb in resource.verbs if not resource.is_terminating or verb in _OF_TERMINATING]


def _storage_hash(resource: Resource) -> str:
    """Upstream's opaque hash of where a kind is kept: equal means the same stored version."""
    stored = resource.storage or resource
    text = f"{stored.group}/{stored.version}/{stored.kind}".encode()
    return base64.b64encode(hashlib.sha256(text).digest()[:8]).decode()
