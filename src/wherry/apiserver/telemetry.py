"""What the API server counts of itself."""

from __future__ import annotations

from wherry.apiserver.attributes import User
from wherry.apiserver.requestinfo import RequestInfo
from wherry.lib.metrics import Counter, Metrics
from wherry.transport.messages import Reply, Response


class Telemetry:
    """The metrics of one API server; `observe` is called with every reply."""

    __slots__ = ("_requests", "metrics")

    def __init__(self) -> None:
        self.metrics = Metrics()
        self._requests: Counter = self.metrics.counter(
            "apiserver_request_total",
            "Requests by verb, group, version, resource, subresource and HTTP code.",
            ("verb", "group", "version", "resource", "subresource", "code"),
        )

    def observe(self, info: RequestInfo, user: User | None, reply: Reply) -> None:
        code = reply.status if isinstance(reply, Response) else 200
        verb = info.verb.upper()
        self._requests.add((verb, info.group, info.version, info.resource, info.subresource, str(code)))
