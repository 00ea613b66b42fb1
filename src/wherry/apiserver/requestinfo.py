"""A path and a method become a verb on a resource.

The rules are upstream's (`RequestInfoFactory`): `/api/v1/...` is the legacy group, `/apis/<group>/<version>/...` all
others; `namespaces/<ns>/` in front names the namespace unless the namespace itself is meant; GET of a collection is
`list`, or `watch` when asked so; the deprecated `/watch/` prefix still watches. Pure and cached nowhere: it costs
about two microseconds.
"""

from __future__ import annotations

from urllib.parse import unquote

from msgspec import Struct
from msgspec.structs import replace

from wherry.api.resource import Resource

_VERBS = {
    "GET": "get",
    "HEAD": "get",
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
_OF_NAMESPACE = frozenset({"status", "finalize"})
"""What may stand behind `namespaces/<name>/` and still speak of the namespace itself."""


class RequestInfo(Struct, frozen=True, gc=False):
    """What is asked. Without `resource` it is a plain path; then `verb` is the method in lower case."""

    path: str
    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    rest: str = ""
    """What follows the subresource, for proxies; begins with a slash."""
    is_behind_namespace: bool = False
    """The path names a namespace in front of the resource, which a Namespace's own path does not."""

    @property
    def is_resource(self) -> bool:
        return bool(self.resource)

    def named(self, name: str) -> RequestInfo:
        """The same request, about one name."""
        return replace(self, name=name)

    def namespace_of(self, resource: Resource) -> str:
        """The namespace the object lives in: none for a Namespace itself, though its path names one."""
        return self.namespace if resource.is_namespaced else ""


def parse(method: str, path: str, *, watch: bool = False) -> RequestInfo:
    """Read a request line. `watch` is whether the query asks to watch."""
    if "%" in path:
        path = unquote(path)
    parts = path.strip("/").split("/")
    match parts:
        case ["api", version, _, *_]:
            return _of_resource(method, path, "", version, parts[2:], watch)
        case ["apis", group, version, _, *_]:
            return _of_resource(method, path, group, version, parts[3:], watch)
        case _:
            return RequestInfo(path, method.lower())


def _of_resource(method: str, path: str, group: str, version: str, parts: list[str], watch: bool) -> RequestInfo:
    verb = _VERBS.get(method, method.lower())
    if parts[0] == "watch" and len(parts) > 1:
        verb, parts = "watch", parts[1:]
    namespace, is_behind = "", False
    if parts[0] == "namespaces" and len(parts) > 1:
        namespace = parts[1]
        if len(parts) > 2 and parts[2] not in _OF_NAMESPACE:
            parts, is_behind = parts[2:], True
    name = parts[1] if len(parts) > 1 else ""
    if not name:
        verb = _of_collection(verb, watch)
    return RequestInfo(
        path,
        verb,
        group,
        version,
        parts[0],
        parts[2] if len(parts) > 2 else "",
        namespace,
        name,
        _rest(path, len(parts) - 3) if len(parts) > 3 else "",
        is_behind,
    )


def _of_collection(verb: str, watch: bool) -> str:
    if verb == "get":
        return "watch" if watch else "list"
    return "deletecollection" if verb == "delete" else verb


def _rest(path: str, count: int) -> str:
    """The last `count` segments of `path`, with a final slash if there is one: proxied servers tell them apart."""
    tail = "/".join(path.strip("/").split("/")[-count:])
    return f"/{tail}/" if path.endswith("/") else f"/{tail}"
