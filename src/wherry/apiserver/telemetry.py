"""What the API server counts of itself, under upstream's names.

Every request passes here, so it pays for one look-up: all that is counted of requests of one sort stands in one
`_Line`. What the caches know already (objects, watchers) is asked for when somebody looks.
"""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api.registry import Registry
from wherry.apiserver.requestinfo import RequestInfo
from wherry.lib.metrics import Distribution, Family, Histogram, Labels, Metrics, Sample
from wherry.transport.messages import Reply, Response
from wherry.watchcache.cache import WatchCache

_LABELS = ("verb", "group", "version", "resource", "subresource", "scope", "component")
_SECONDS = (0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30)
_COMPONENT = "apiserver"
_READ_ONLY = frozenset({"get", "list", "watch", "head"})
_VERBS = {
    "create": "POST",
    "update": "PUT",
    **{
        verb: verb.upper()
        for verb in ("get", "list", "watch", "patch", "delete", "deletecollection", "post", "put", "head")
    },
}
_OTHER: Labels = ("OTHER", "", "", "", "", "", _COMPONENT)

_Sort = tuple[str, str, str, str, str, int, int]
"""(verb, group, version, resource, subresource), whether it names an object or a namespace, and the status code."""
_SCOPES = ("cluster", "namespace", "resource")


class _Line:
    """Requests of one sort."""

    __slots__ = ("count", "labels", "seconds")

    def __init__(self, labels: Labels, seconds: Distribution | None) -> None:
        self.labels = labels
        self.count = 0
        self.seconds = seconds
        """None for what lasts as long as the client likes."""


class Telemetry:
    """The metrics of one API server, which is told of every request.

    Only what is served gets a line of its own: paths are the client's invention and must not fill the memory.
    """

    __slots__ = ("_cache", "_durations", "_lines", "_lines_by_labels", "_registry", "_waiting", "metrics")

    def __init__(self, registry: Registry, cache: WatchCache) -> None:
        self.metrics = Metrics()
        self._registry = registry
        self._cache = cache
        self._lines: dict[_Sort, _Line] = {}
        self._lines_by_labels: dict[Labels, _Line] = {}
        self._waiting = [0, 0]
        self.metrics.source(self._counts)
        self._durations: Histogram = self.metrics.histogram(
            "apiserver_request_duration_seconds",
            "How long requests took; those that stream are not among them.",
            _LABELS,
            _SECONDS,
        )
        self.metrics.source(self._contents)

    def hold(self, info: RequestInfo, change: int) -> None:
        """A request begins (1) or ceases (-1) to be waited for; most are answered at once."""
        self._waiting[info.verb not in _READ_ONLY] += change

    def observe(self, info: RequestInfo, reply: Reply, seconds: float) -> None:
        """A request was answered."""
        is_brief = isinstance(reply, Response)
        code = reply.status if isinstance(reply, Response) else 200
        scope = 2 if info.name else 1 if info.namespace else 0
        sort = (info.verb, info.group, info.version, info.resource, info.subresource, scope, code)
        line = self._lines.get(sort)
        if line is None:
            line = self._line(sort, is_brief)
        line.count += 1
        if is_brief and line.seconds is not None:
            line.seconds.observe(seconds)

    def _line(self, sort: _Sort, is_brief: bool) -> _Line:
        verb, group, version, plural, subresource, scope, code = sort
        labels = self._labels(verb, group, version, plural, subresource, _SCOPES[scope])
        line = self._lines_by_labels.get((*labels, str(code)))
        if line is None:
            seconds = self._durations.distribution(labels) if is_brief else None
            line = self._lines_by_labels[(*labels, str(code))] = _Line((*labels, str(code)), seconds)
        if labels[3]:
            self._lines[sort] = line
        return line

    def _labels(self, verb: str, group: str, version: str, plural: str, subresource: str, scope: str) -> Labels:
        if verb not in _VERBS:
            return _OTHER
        resource = self._registry.get(group, version, plural)
        if resource is None or (subresource and resource.subresource(subresource) is None):
            return (_VERBS[verb], "", "", "", "", "", _COMPONENT)
        return (_VERBS[verb], group, version, plural, subresource, scope, _COMPONENT)

    def _counts(self) -> Iterator[Family]:
        yield Family(
            "apiserver_request_total",
            "Requests by what was asked, and how it was answered.",
            "counter",
            (*_LABELS, "code"),
            [Sample(line.labels, line.count) for line in self._lines_by_labels.values()],
        )
        reading, writing = self._waiting
        yield Family(
            "apiserver_current_inflight_requests",
            "Requests that are being waited for now.",
            "gauge",
            ("request_kind",),
            [Sample(("readOnly",), reading), Sample(("mutating",), writing)],
        )

    def _contents(self) -> Iterator[Family]:
        names = {resource.key_prefix: resource for resource in self._registry.stored()}
        objects, watchers = [], []
        for kind in self._cache.kinds:
            resource = names.get(kind.prefix)
            if resource is None:
                continue
            objects.append(Sample((resource.group_resource,), len(kind)))
            if kind.watchers:
                watchers.append(
                    Sample(("WATCH", resource.group, resource.version, resource.plural, _COMPONENT), kind.watchers)
                )
        yield Family("apiserver_storage_objects", "Stored objects by kind.", "gauge", ("resource",), objects)
        yield Family(
            "apiserver_longrunning_requests",
            "Watches that go on, by kind.",
            "gauge",
            ("verb", "group", "version", "resource", "component"),
            watchers,
        )
