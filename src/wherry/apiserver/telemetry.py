"""What the API server counts of itself."""

from __future__ import annotations

from wherry.api.registry import Registry
from wherry.apiserver.attributes import User
from wherry.apiserver.requestinfo import RequestInfo
from wherry.lib.metrics import Counter, Labels, Metrics
from wherry.transport.messages import Reply, Response


class Telemetry:
    """The metrics of one API server; `observe` is called with every reply.

    Only what is served gets a line of its own: paths are the client's invention and must not fill the memory.
    """

    __slots__ = ("_known", "_registry", "_requests", "metrics")

    def __init__(self, registry: Registry) -> None:
        self.metrics = Metrics()
        self._registry = registry
        self._known: dict[_Subject, Labels] = {}
        self._requests: Counter = self.metrics.counter(
            "apiserver_request_total",
            "Requests by verb, group, version, resource, subresource and HTTP code.",
            ("verb", "group", "version", "resource", "subresource", "code"),
        )

    def observe(self, info: RequestInfo, user: User | None, reply: Reply) -> None:
        code = reply.status if isinstance(reply, Response) else 200
        subject = (info.verb, info.group, info.version, info.resource, info.subresource, code)
        self._requests.add(self._known.get(subject) or self._labels(subject))

    def _labels(self, subject: _Subject) -> Labels:
        verb, group, version, plural, subresource, code = subject
        resource = self._registry.get(group, version, plural)
        if verb not in _VERBS:
            return ("OTHER", "", "", "", "", str(code))
        if resource is None or (subresource and resource.subresource(subresource) is None):
            return (verb.upper(), "", "", "", "", str(code))
        labels = self._known[subject] = (verb.upper(), group, version, plural, subresource, str(code))
        return labels


_Subject = tuple[str, str, str, str, str, int]
_VERBS = frozenset(
    {"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "post", "put", "head"}
)
