"""Where a resource's objects stand in the API's tree of paths."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from wherry.api.resource import Resource


def path_of(resource: Resource, namespace: str = "", name: str = "", subresource: str = "") -> str:
    """The path of a collection (without a name), an object, or a subresource of it."""
    root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    parts = [root]
    if namespace and resource.is_namespaced:
        parts += ("namespaces", quote(namespace, safe=""))
    parts.append(resource.plural)
    if name:
        parts.append(quote(name, safe=""))
        if subresource:
            parts.append(subresource)
    return "/".join(parts)


def with_query(path: str, query: Mapping[str, str]) -> str:
    """A request target; parameters without a value are left out."""
    text = urlencode({key: value for key, value in query.items() if value})
    return f"{path}?{text}" if text else path
