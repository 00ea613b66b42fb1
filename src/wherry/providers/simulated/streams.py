"""`kubectl logs` for Pods on simulated nodes; whatever needs processes is refused in a sentence.

A log follows from the Pod's status, its behaviour and the time, so that nothing of it is kept. On a platform with real
nodes beside the simulated ones theirs are answered as ever.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable

from msgspec import Struct

from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.errors import ApiError, BadRequest, NotFound
from wherry.api.types.core_v1 import ContainerStatus, Node, Pod
from wherry.api.types.decoding import decode
from wherry.apiserver.attributes import Reader
from wherry.apiserver.exchange import Exchange, Respond
from wherry.apiserver.locations import choose_container, find
from wherry.apiserver.logoptions import read_log_options
from wherry.apiserver.subresources import Streams
from wherry.kubelet.server.logfilter import LogFilter, LogOptions
from wherry.lib.clock import Clock, parse_time
from wherry.providers.simulated.annotations import BadAnnotation, annotated
from wherry.providers.simulated.behaviour import Behaviour, ContainerBehaviour
from wherry.providers.simulated.nodespec import SIMULATED
from wherry.providers.simulated.writing import Run, count, first_since, lines, moment
from wherry.transport.messages import Reply, Response, Stream, pour

_AT_ONCE = 500
_LOOK_SECONDS = 1.0
"""How often a follower looks whether the container still runs."""
_PLAIN = "text/plain; charset=utf-8"


def simulated_streams(behave: Callable[[Pod], Behaviour], clock: Clock, others: Streams | None = None) -> Streams:
    """The streams of a control plane with simulated nodes; `others` are those of its real ones, if it has any."""
    links = _Links(behave, clock)
    own: dict[str, Respond] = {"log": links.log}
    for name in ("exec", "attach", "portforward", "proxy"):
        own[name] = _refuse
    known = dict(others or {})
    return {**known, **{("pods", name): _either(respond, known.get(("pods", name))) for name, respond in own.items()}}


def _either(simulated: Respond, real: Respond | None) -> Respond:
    def respond(exchange: Exchange) -> Reply | Awaitable[Reply]:
        name = exchange.info.name.split(":")[1] if exchange.info.name.count(":") == 2 else exchange.info.name
        pod = find(exchange.core.reader, PODS, Pod, exchange.info.namespace, name.partition(":")[0])
        if real is not None and not is_simulated(exchange.core.reader, pod.spec.node_name or ""):
            return real(exchange)
        return simulated(exchange)

    return respond


def is_simulated(reader: Reader, node: str) -> bool:
    item = reader.get(NODES, "", node) if node else None
    return item is not None and decode(Node, item.data).metadata.labels.get(SIMULATED) == "true"


async def _refuse(exchange: Exchange) -> Reply:
    what = exchange.info.subresource
    raise BadRequest(
        f"pod {exchange.info.name} is simulated: there are no processes behind it, so {what} has no answer"
    )


class _Links(Struct, frozen=True):
    behave: Callable[[Pod], Behaviour]
    clock: Clock

    async def log(self, exchange: Exchange) -> Reply:
        reader, info = exchange.core.reader, exchange.info
        pod = find(reader, PODS, Pod, info.namespace, info.name)
        asked = read_log_options(exchange.request.query, info.name)
        container = choose_container(pod, asked.container)
        if not pod.spec.node_name:
            return Response(204)
        options = log_options(dict(asked.params), self.clock.time())
        try:
            fares = annotated(pod, self.behave(pod)).of(container)
        except BadAnnotation as error:
            raise BadRequest(str(error)) from error
        run = run_of(pod, container, previous=options.previous)

        def still() -> Run | None:
            """The same run as it is now; None when it is over and gone."""
            try:
                found = run_of(find(reader, PODS, Pod, info.namespace, info.name), container, previous=False)
            except (ApiError, NotFound):
                return None
            return found if found.started == run.started else None

        pieces = self._pieces(fares, run, options, still)
        return Stream(lambda sink: pour(pieces, sink), 200, _PLAIN)

    async def _pieces(
        self, fares: ContainerBehaviour, run: Run, options: LogOptions, still: Callable[[], Run | None]
    ) -> AsyncIterator[bytes]:
        shown = LogFilter(options)
        end = count(fares, run, self.clock.time())
        number = max(0, end - options.tail) if options.tail is not None else 0
        if options.since is not None:
            number = max(number, first_since(fares, run, options.since))
        while not shown.is_full:
            while number < end and not shown.is_full:
                stop = min(end, number + _AT_ONCE)
                if piece := shown.feed(b"".join(lines(fares, run, number, stop))):
                    yield piece
                number = stop
            if not options.follow or run.ended is not None:
                return
            due = moment(fares, run, number) - self.clock.time() if fares.log_seconds > 0 else _LOOK_SECONDS
            await self.clock.sleep(min(max(due, 0.001), _LOOK_SECONDS))
            now = still()
            run = now if now is not None else Run(run.pod, run.container, run.started, self.clock.time())
            end = count(fares, run, self.clock.time())


def run_of(pod: Pod, container: str, *, previous: bool) -> Run:
    """The run of a container that a reader of its log means. Raises ApiError."""
    statuses = (
        *pod.status.container_statuses,
        *pod.status.init_container_statuses,
        *pod.status.ephemeral_container_statuses,
    )
    status = next((each for each in statuses if each.name == container), None)
    name, where = pod.metadata.name, f"container {json.dumps(container)} in pod {json.dumps(pod.metadata.name)}"
    state, last = (status.state, status.last_state) if status is not None else (None, None)
    if not previous and state is not None and state.running is not None and state.running.started_at is not None:
        return Run(name, container, state.running.started_at.timestamp(), None)
    ended = state.terminated if state is not None and not previous else None
    ended = ended or (last.terminated if last is not None else None)
    if ended is not None and ended.started_at is not None and ended.finished_at is not None:
        return Run(name, container, ended.started_at.timestamp(), ended.finished_at.timestamp())
    if previous:
        raise BadRequest(f"previous terminated {where} not found")
    raise BadRequest(f"{where} is waiting to start: {_waiting(pod, status)}")


def _waiting(pod: Pod, status: ContainerStatus | None) -> str:
    waiting = status.state.waiting if status is not None and status.state is not None else None
    if waiting is not None and waiting.reason:
        return waiting.reason
    return "PodInitializing" if pod.spec.init_containers else "ContainerCreating"


def log_options(params: dict[str, str], now: float) -> LogOptions:
    """What was asked for, once the API server has checked it."""
    since = float(params["sinceSeconds"]) if "sinceSeconds" in params else None
    return LogOptions(
        follow="follow" in params,
        previous="previous" in params,
        timestamps="timestamps" in params,
        since=now - since if since is not None else parse_time(params["sinceTime"]) if "sinceTime" in params else None,
        tail=int(params["tailLines"]) if "tailLines" in params else None,
        limit_bytes=int(params["limitBytes"]) if "limitBytes" in params else None,
        stream=params.get("stream", "All"),
    )
