"""The one list of built-in subresources with handlers, by resource and name; each maps verbs to functions."""

from __future__ import annotations

from wherry.api.core.podspec.resize import take_resources, validate_resize
from wherry.api.resource import Resource
from wherry.apiserver.subresources import Handler, Handlers, binding, components, eviction, podparts, scale

BUILTIN: Handlers = {
    ("pods", "binding"): {"create": binding.create},
    ("bindings", ""): {"create": binding.create},
    ("componentstatuses", ""): {"get": components.get, "list": components.list_all},
    ("pods", "eviction"): {"create": eviction.create},
    ("pods", "ephemeralcontainers"): {
        "get": podparts.get,
        "update": podparts.updating("ephemeralcontainers", podparts.take_ephemeral, podparts.check_ephemeral),
    },
    ("pods", "resize"): {
        "get": podparts.get,
        "update": podparts.updating("resize", take_resources, validate_resize),
    },
}

SCALE = {"get": scale.get, "update": scale.update}
"""For every kind that has replicas, custom ones included."""


def find(handlers: Handlers, resource: Resource, subresource: str, verb: str) -> Handler | None:
    """The handler for a verb on a path, those of `handlers` first."""
    path = (resource.group_resource, subresource)
    verbs = handlers.get(path) or BUILTIN.get(path)
    if verbs is None and subresource == "scale":
        verbs = SCALE
    return None if verbs is None else verbs.get(verb)
