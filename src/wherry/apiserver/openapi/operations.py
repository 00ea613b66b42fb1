"""Every path and verb of a resource, as values that know neither version of OpenAPI."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct

from wherry.api.resource import GroupVersionKind, Resource, Subresource

PATCH_TYPES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)
_CUSTOM_PATCH_TYPES = tuple(name for name in PATCH_TYPES if "strategic" not in name)


class Parameter(Struct, frozen=True):
    """One query parameter."""

    name: str
    type: str
    description: str


class Operation(Struct, frozen=True):
    """What one HTTP method of one path does."""

    path: str
    method: str
    action: str
    """`list`, `get`, `post`, `put`, `patch`, `delete`, `deletecollection`, `watch`, `watchlist`, `connect` or none."""
    id: str
    tag: str
    description: str
    kind: GroupVersionKind | None
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
_EVENT = GroupVersionKind("", "v1", "WatchEvent")
_RESOURCES = GroupVersionKind("", "v1", "APIResourceList")

_CONTAINER = Parameter("container", "string", "Which container; may be left out where there is one.")
_STREAMS = tuple(
    Parameter(name, "boolean", f"Whether {what}.")
    for name, what in (
        ("stdin", "the client's input goes to the container"),
        ("stdout", "the container's output comes to the client"),
        ("stderr", "the container's errors come to the client"),
        ("tty", "a terminal is made for it"),
    )
)
_PATH = (Parameter("path", "string", "The path to ask the target for."),)
_OPTIONS = {
    "PodAttachOptions": (_CONTAINER, *_STREAMS),
    "PodExecOptions": (Parameter("command", "string", "What to run, with its arguments."), _CONTAINER, *_STREAMS),
    "PodPortForwardOptions": (Parameter("ports", "integer", "Which ports; needed for WebSockets."),),
    "NodeProxyOptions": _PATH,
    "PodProxyOptions": _PATH,
    "ServiceProxyOptions": _PATH,
}
_LOG = (
    _CONTAINER,
    Parameter("follow", "boolean", "Whether to go on with what is written from now on."),
    Parameter("insecureSkipTLSVerifyBackend", "boolean", "Whether the node's certificate may be anybody's."),
    Parameter("limitBytes", "integer", "How much to answer at most."),
    PRETTY,
    Parameter("previous", "boolean", "Whether the run before the last restart is meant."),
    Parameter("sinceSeconds", "integer", "How old the lines may be."),
    Parameter("stream", "string", "All, Stdout or Stderr."),
    Parameter("tailLines", "integer", "How many lines to answer, from the end."),
    Parameter("timestamps", "boolean", "Whether each line begins with its time."),
)

# verb -> (method, action, what it is called in an id, its description)
_VERBS = {
    "get": ("get", "get", "read", "read the specified {kind}"),
    "create": ("post", "post", "create", "create a {kind}"),
    "update": ("put", "put", "replace", "replace the specified {kind}"),
    "patch": ("patch", "patch", "patch", "partially update the specified {kind}"),
    "delete": ("delete", "delete", "delete", "delete a {kind}"),
    "list": ("get", "list", "list", "list or watch objects of kind {kind}"),
    "deletecollection": ("delete", "deletecollection", "delete Collection", "delete collection of {kind}"),
}
_WATCHED = "deprecated: use the 'watch' parameter with a list operation instead"
_WATCH_ITEM = (
    f"watch changes to an object of kind {{kind}}. {_WATCHED}, filtered to a single item with 'fieldSelector'."
)
_WATCH_LIST = f"watch individual changes to a list of {{kind}}. {_WATCHED}."
_HTTP = {"get": "get", "create": "post", "update": "put", "patch": "patch", "delete": "delete"}


def operations(resource: Resource) -> Iterator[Operation]:
    """All of a resource's operations, subresources included."""
    root = _root(resource)
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
            yield from _suboperations(resource, sub, verb, f"{item}/{sub.name}", own)
    if "watch" in resource.verbs:
        yield from _watches(resource, collection, own)


def listing_of(resource: Resource) -> Operation:
    """The operation that tells what a group and version has; `resource` is any of it."""
    name = f"get{_group_version(resource.group, resource.version)}APIResources"
    path = _root(resource) + "/"
    return Operation(path, "get", "", name, _tag(resource), "get available resources", None, (), None, _RESOURCES)


def _operation(
    resource: Resource,
    verb: str,
    path: str,
    own: GroupVersionKind,
    listed: GroupVersionKind,
    everywhere: bool = False,
) -> Operation:
    method, action, _, text = _VERBS[verb]
    query, body, answer = {
        "get": ((PRETTY,), None, own),
        "create": ((PRETTY, *WRITE), own, own),
        "update": ((PRETTY, *WRITE), own, own),
        "patch": ((PRETTY, *WRITE, FORCE), None, own),
        "delete": ((PRETTY, *DELETE), DELETE_OPTIONS, own if resource.returns_deleted else STATUS),
        "list": ((PRETTY, *LIST), None, listed),
        "deletecollection": ((PRETTY, *LIST[1:-1], *DELETE), DELETE_OPTIONS, STATUS),
    }[verb]
    return Operation(
        path,
        method,
        action,
        _id(resource, _VERBS[verb][2], resource.kind, everywhere=everywhere),
        _tag(resource),
        text.format(kind=resource.kind),
        own,
        query,
        body,
        answer,
        _patch_types(resource),
    )


def _suboperations(
    resource: Resource, sub: Subresource, verb: str, path: str, own: GroupVersionKind
) -> Iterator[Operation]:
    _, action, called, text = _VERBS[verb]
    method = _HTTP[verb]
    kind = sub.kind or own
    streams = kind.kind.endswith("Options")
    what = resource.kind + "".join(part.capitalize() for part in sub.name.split("-"))
    description = text.format(kind=f"{sub.name} of {resource.kind}")
    if streams:
        description = f"connect {method.upper()} requests to {sub.name} of {resource.kind}"
        name = _id(resource, f"connect {method.capitalize()}", what)
        query = _OPTIONS.get(kind.kind, ())
        yield Operation(path, method, "connect", name, _tag(resource), description, kind, query)
        if sub.name == "proxy":
            name += "WithPath"
            yield Operation(f"{path}/{{path}}", method, "connect", name, _tag(resource), description, kind, query)
        return
    is_log = sub.name == "log"
    query = {"get": (PRETTY,), "patch": (PRETTY, *WRITE, FORCE)}.get(verb, (PRETTY, *WRITE))
    yield Operation(
        path,
        method,
        action,
        _id(resource, called, what),
        _tag(resource),
        description,
        kind,
        _LOG if is_log else query,
        kind if verb in ("create", "update") else None,
        None if is_log else kind,
        _patch_types(resource),
    )


def _watches(resource: Resource, collection: str, own: GroupVersionKind) -> Iterator[Operation]:
    """The deprecated paths that only watch."""
    root, kind, query = _root(resource), resource.kind, (PRETTY, *LIST)
    below = f"{root}/watch{collection.removeprefix(root)}"
    item_text, list_text = _WATCH_ITEM.format(kind=kind), _WATCH_LIST.format(kind=kind)
    rest = (own, query, None, _EVENT)
    yield Operation(f"{below}/{{name}}", "get", "watch", _id(resource, "watch", kind), _tag(resource), item_text, *rest)
    yield Operation(below, "get", "watchlist", _id(resource, "watch", f"{kind}List"), _tag(resource), list_text, *rest)
    if resource.is_namespaced:
        path, name = f"{root}/watch/{resource.plural}", _id(resource, "watch", f"{kind}List", everywhere=True)
        yield Operation(path, "get", "watchlist", name, _tag(resource), list_text, *rest)


def _root(resource: Resource) -> str:
    return f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"


def _id(resource: Resource, called: str, what: str, everywhere: bool = False) -> str:
    """Upstream's: a verb, the group and version, what is left of the verb, and the rest."""
    verb, _, more = called.partition(" ")
    scope = "Namespaced" if resource.is_namespaced and not everywhere else ""
    suffix = "ForAllNamespaces" if everywhere else ""
    return f"{verb}{_group_version(resource.group, resource.version)}{more}{scope}{what}{suffix}"


@lru_cache(64)
def _group_version(group: str, version: str) -> str:
    return _group_name(group) + version[:1].upper() + version[1:]


def _patch_types(resource: Resource) -> tuple[str, ...]:
    if resource.schema.knows_strategic_merge:
        return PATCH_TYPES
    return _CUSTOM_PATCH_TYPES


def _group_name(group: str) -> str:
    parts = (group or "core").removesuffix(".k8s.io").split(".")
    return "".join(part[:1].upper() + part[1:] for part in parts)


def _tag(resource: Resource) -> str:
    return _group_tag(resource.group, resource.version)


@lru_cache(64)
def _group_tag(group: str, version: str) -> str:
    name = _group_name(group)
    return f"{name[:1].lower()}{name[1:]}_{version}"
