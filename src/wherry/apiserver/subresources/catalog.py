"""The one list of built-in subresources with handlers, by resource and name; each maps verbs to functions."""

from __future__ import annotations

from wherry.api.resource import Resource
from wherry.apiserver.subresources import Handler, Handlers

BUILTIN: Handlers = {}


def find(handlers: Handlers, resource: Resource, subresource: str, verb: str) -> Handler | None:
    """The handler for a verb on a path, those of `handlers` first."""
    path = (resource.group_resource, subresource)
    verbs = handlers.get(path) or BUILTIN.get(path)
    return None if verbs is None else verbs.get(verb)
