"""Every path and verb of a resource, as values that know neither version of OpenAPI."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wherry.api.resource import GroupVersionKind, Resource, Subresource

PATCH_TYPES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter."""

    name: str
    type: str
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """What one HTTP method of one path does."""

    path: str
    method: str
    action: str
    """`list`, `get`, `post`, `put`, `patch`, `delete`, `deletecollection` or `connect`."""
    id: str
    tag: str
    description: str
    kind: GroupVersionKind
    query: tuple[Parameter, ...] = ()
    body: GroupVersionKind | None = None
    """The kind of the request's body; None has no body, or a patch when the method is `patch`."""
    answer: GroupVersionKind | None = None
    """The kind of the answer; None is text."""
    patches: tuple[str, ...] = PATCH_TYPES
    """The media types of a patch."""


PRETTY = Parameter("pretty", "string", "Print the answer with indentation.")
DRY_RUN = Parameter("dryRun", "string", "When present (All), nothing is stored.")
MANAGER = Parameter("fieldManager", "string", "Who or what makes the change.")
VALIDATION = Parameter(
    "fieldValidation", "string", "What to do about unknown and duplicate fields: Ignore, Warn (the default) or Strict."
)
FORCE = Parameter("force", "boolean", "Whether an apply takes over fields that others own.")
WRITE = (DRY_RUN, MANAGER, VALIDATION)
LIST = (
    Parameter("allowWatchBookmarks", "boolean", "Whether a watch may contain bookmarks."),
    Parameter("continue", "string", "Where the page before ended, from the server's answer."),
    Parameter("fieldSelector", "string", "Which objects, by their fields."),
    Parameter("labelSelector", "string", "Which objects, by their labels."),
    Parameter("limit", "integer", "How many objects to answer at most."),
    Parameter("resourceVersion", "string", "Which state of the collection is meant."),
    Parameter("resourceVersionMatch", "string", "How resourceVersion applies to a list."),
    Parameter("sendInitialEvents", "boolean", "Whether a watch begins with all objects there are."),
    Parameter("timeoutSeconds", "integer", "When to end a list or watch."),
    Parameter("watch", "boolean", "Answer changes, as they come, instead of a list."),
)
DELETE = (
    DRY_RUN,
    Parameter("gracePeriodSeconds", "integer", "How long the object may take to end; 0 is at once."),
    Parameter("orphanDependents", "boolean", "Deprecated: use propagationPolicy."),
    Parameter("propagationPolicy", "string", "What becomes of dependents: Orphan, Background or Foreground."),
)

DELETE_OPTIONS = GroupVersionKind("", "v1", "DeleteOptions")
STATUS = GroupVersionKind("", "v1", "Status")

# verb -> (method, action, what it is called in an id, its description)
_VERBS = {
    "get": ("get", "get", "read", "read the specified {kind}"),
    "create": ("post", "post", "create", "create a {kind}"),
    "update": ("put", "put", "replace", "replace the specified {kind}"),
    "patch": ("patch", "patch", "patch", "partially update the specified {kind}"),
    "delete": ("delete", "delete", "delete", "delete a {kind}"),
    "list": ("get", "list", "list", "list or watch objects of kind {kind}"),
    "deletecollection": ("delete", "deletecollection", "deleteCollection", "delete collection of {kind}"),
}


def operations(resource: Resource) -> Iterator[Operation]:
    """All of a resource's operations, subresources included."""
    root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    collection = f"{root}/namespaces/{{namespace}}/{resource.plural}" if resource.is_namespaced else None
    collection = collection or f"{root}/{resource.plural}"
    item = collection + "/{name}"
    own = GroupVersionKind(resource.group, resource.version, resource.kind)
    listed = GroupVersionKind(resource.group, resource.version, resource.list_kind)
    for verb in resource.verbs:
        if verb in ("list", "create", "deletecollection"):
            yield _operation(resource, verb, collection, own, listed)
        elif verb in _VERBS:
            yield _operation(resource, verb, item, own, listed)
    if resource.is_namespaced and "list" in resource.verbs:
        yield _operation(resource, "list", f"{root}/{resource.plural}", own, listed, everywhere=True)
    for sub in resource.subresources:
        for verb in sub.verbs:
            yield _suboperation(resource, sub, verb, f"{item}/{sub.name}", own)


def _operation(
    resource: Resource,
    verb: str,
    path: str,
    own: GroupVersionKind,
    listed: GroupVersionKind,
    everywhere: bool = False,
) -> Operation:
    method, action, called, text = _VERBS[verb]
    scope = "Namespaced" if resource.is_namespaced and not everywhere else ""
    suffix = "ForAllNamespaces" if everywhere else ""
    query, body, answer = {
        "get": ((PRETTY,), None, own),
        "create": ((PRETTY, *WRITE), own, own),
        "update": ((PRETTY, *WRITE), own, own),
        "patch": ((PRETTY, *WRITE, FORCE), None, own),
        "delete": ((PRETTY, *DELETE), DELETE_OPTIONS, STATUS),
        "list": ((PRETTY, *LIST), None, listed),
        "deletecollection": ((PRETTY, *LIST[:-1], *DELETE), DELETE_OPTIONS, STATUS),
    }[verb]
    return Operation(
        path,
        method,
        action,
        f"{called}{_group_name(resource)}{resource.version.capitalize()}{scope}{resource.kind}{suffix}",
        _tag(resource),
        text.format(kind=resource.kind),
        own,
        query,
        body,
        answer,
        _patch_types(resource),
    )


def _suboperation(resource: Resource, sub: Subresource, verb: str, path: str, own: GroupVersionKind) -> Operation:
    method, action, called, text = _VERBS[verb]
    kind = sub.kind or own
    streams = kind.kind.endswith("Options")
    if streams:
        action, called = "connect", f"connect{method.capitalize()}"
    plain = streams or sub.name == "log"
    scope = "Namespaced" if resource.is_namespaced else ""
    name = "".join(part.capitalize() for part in sub.name.split("-"))
    query = {"get": (PRETTY,), "patch": (PRETTY, *WRITE, FORCE)}.get(verb, (PRETTY, *WRITE))
    return Operation(
        path,
        method,
        action,
        f"{called}{_group_name(resource)}{resource.version.capitalize()}{scope}{resource.kind}{name}",
        _tag(resource),
        text.format(kind=f"{sub.name} of {resource.kind}"),
        kind,
        () if plain else query,
        kind if verb in ("create", "update") and not plain else None,
        None if plain else kind,
        _patch_types(resource),
    )


def _patch_types(resource: Resource) -> tuple[str, ...]:
    if resource.schema.knows_strategic_merge:
        return PATCH_TYPES
    return tuple(name for name in PATCH_TYPES if "strategic" not in name)


def _group_parts(resource: Resource) -> list[str]:
    return (resource.group or "core").removesuffix(".k8s.io").split(".")


def _group_name(resource: Resource) -> str:
    return "".join(part[:1].upper() + part[1:] for part in _group_parts(resource))


def _tag(resource: Resource) -> str:
    name = _group_name(resource)
    return f"{name[:1].lower()}{name[1:]}_{resource.version}"
