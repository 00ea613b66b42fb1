"""The kubelet's routes, and who may use them: the API server and administrators, by their client certificates."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from urllib.parse import parse_qs, unquote

from msgspec import Struct

from wherry.api.types.core_v1 import Pod
from wherry.api.types.decoding import to_obj
from wherry.identity.der import read_certificate
from wherry.kubelet.pods.layout import Layout
from wherry.kubelet.pods.manager import PodManager
from wherry.kubelet.pods.plan import find_container
from wherry.kubelet.runtime.model import Container, PodRuntime
from wherry.kubelet.runtime.protocol import Runtime, RuntimeFailure
from wherry.kubelet.server.logfilter import LogOptions
from wherry.kubelet.server.logs import read_log
from wherry.kubelet.server.streams import hand_over
from wherry.lib.clock import Clock, parse_time
from wherry.transport.messages import Peer, Reply, Request, Response, Stream, pour

API_SERVER = "kube-apiserver-kubelet-client"
MASTERS = "system:masters"

Query = dict[str, list[str]]
Route = Callable[[Request, tuple[str, ...], Query], Awaitable[Reply]]


class Refusal(Exception):
    """An answer that is not what was asked for."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.response = Response(status, message.encode(), "text/plain; charset=utf-8")


class Numbers(Struct, frozen=True):
    """Where statistics come from: each is a document made on demand."""

    summary: Callable[[], Awaitable[dict[str, object]]]
    resources: Callable[[], Awaitable[str]]
    metrics: Callable[[], str]


class KubeletApp:
    """Answers requests to the kubelet; `handle` is a handler for `transport.Server`."""

    def __init__(self, pods: PodManager, runtime: Runtime, layout: Layout, numbers: Numbers, clock: Clock) -> None:
        self._pods = pods
        self._runtime = runtime
        self._layout = layout
        self._numbers = numbers
        self._clock = clock
        name = r"([^/]+)"
        self._routes: list[tuple[re.Pattern[str], Route]] = [
            (re.compile(rf"/containerLogs/{name}/{name}/{name}"), self._logs),
            (re.compile(rf"/exec/{name}/{name}/(?:{name}/)?{name}"), self._exec),
            (re.compile(rf"/attach/{name}/{name}/(?:{name}/)?{name}"), self._attach),
            (re.compile(rf"/portForward/{name}/{name}(?:/{name})?"), self._port_forward),
            (re.compile(r"/pods/?|/runningpods/?"), self._list_pods),
            (re.compile(r"/stats/summary"), self._summary),
            (re.compile(r"/metrics/resource"), self._resources),
            (re.compile(r"/metrics"), self._metrics),
        ]

    def handle(self, request: Request) -> Reply | Awaitable[Reply]:
        if request.path == "/healthz":
            return Response(200, b"ok", "text/plain; charset=utf-8")
        if not is_allowed(request.peer):
            if request.peer.certificate is None:
                return Response(401, b"Unauthorized", "text/plain; charset=utf-8")
            return Response(403, b"Forbidden", "text/plain; charset=utf-8")
        for pattern, route in self._routes:
            if found := pattern.fullmatch(request.path):
                parts = tuple(unquote(part or "") for part in found.groups())
                return self._guarded(route, request, parts)
        return Response(404, b"404 page not found\n", "text/plain; charset=utf-8")

    async def _guarded(self, route: Route, request: Request, parts: tuple[str, ...]) -> Reply:
        try:
            return await route(request, parts, parse_qs(request.query, keep_blank_values=True))
        except Refusal as refusal:
            return refusal.response
        except RuntimeFailure as failure:
            return Response(500, str(failure).encode(), "text/plain; charset=utf-8")

    async def _logs(self, request: Request, parts: tuple[str, ...], query: Query) -> Reply:
        namespace, name, container = parts
        pod, runtime = await self._find(namespace, name)
        options = log_options(query, self._clock.time())
        run = self._run_of(pod, runtime, container, options.previous)
        path = Path(run.log_path) if run.log_path else self._layout.log_file(pod, container, run.attempt)

        async def is_running() -> bool:
            found = (await self._runtime.pod(pod.metadata.uid)).containers
            return any(each.id == run.id and each.is_running for each in found)

        if not path.exists():
            raise Refusal(500, f"failed to open log file {json.dumps(str(path))}: no such file or directory")
        pieces = read_log(path, options, is_running)
        return Stream(lambda sink: pour(pieces, sink), 200, "text/plain; charset=utf-8")

    def _run_of(self, pod: Pod, runtime: PodRuntime, container: str, previous: bool) -> Container:
        if find_container(pod, container) is None:
            raise Refusal(404, f"container {json.dumps(container)} not found in pod {json.dumps(pod.metadata.name)}")
        run = runtime.previous(container) if previous else runtime.latest(container)
        where = f"container {json.dumps(container)} in pod {json.dumps(pod.metadata.name)}"
        if run is None and previous:
            raise Refusal(400, f"previous terminated {where} not found")
        if run is None:
            raise Refusal(400, f"{where} is waiting to start: {self._waiting_reason(pod, container)}")
        return run

    def _waiting_reason(self, pod: Pod, container: str) -> str:
        for status in (*pod.status.container_statuses, *pod.status.init_container_statuses):
            if status.name == container and status.state is not None and status.state.waiting is not None:
                return status.state.waiting.reason or "ContainerCreating"
        return "PodInitializing" if pod.spec.init_containers else "ContainerCreating"

    async def _exec(self, request: Request, parts: tuple[str, ...], query: Query) -> Reply:
        run = await self._running(parts)
        command = query.get("command", [])
        if not command:
            raise Refusal(400, "you must specify at least one command for the container")
        channels = _channels(query)
        url = await self._runtime.exec_url(run.id, command, **channels)
        return await hand_over(request, url, may_end_stdin=channels["stdin"] and not channels["tty"])

    async def _attach(self, request: Request, parts: tuple[str, ...], query: Query) -> Reply:
        run = await self._running(parts)
        channels = _channels(query)
        url = await self._runtime.attach_url(run.id, **channels)
        return await hand_over(request, url, may_end_stdin=channels["stdin"] and not channels["tty"])

    async def _port_forward(self, request: Request, parts: tuple[str, ...], query: Query) -> Reply:
        _pod, runtime = await self._find(parts[0], parts[1])
        if runtime.sandbox is None:
            raise Refusal(404, "pod not found")
        url = await self._runtime.port_forward_url(runtime.sandbox.id, forwarded_ports(query))
        return await hand_over(request, url)

    async def _running(self, parts: tuple[str, ...]) -> Container:
        namespace, name, _uid, container = parts
        _pod, runtime = await self._find(namespace, name)
        run = runtime.latest(container)
        if run is None or not run.is_running:
            raise Refusal(404, f"container not found ({json.dumps(container)})")
        return run

    async def _find(self, namespace: str, name: str) -> tuple[Pod, PodRuntime]:
        pod = self._pods.pod(namespace, name)
        if pod is None:
            raise Refusal(404, f'pod does not exist: pods "{name}" not found')
        return pod, await self._runtime.pod(pod.metadata.uid)

    async def _list_pods(self, request: Request, parts: tuple[str, ...], query: Query) -> Reply:
        listed = {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": _objects(self._pods.pods())}
        return Response(200, json.dumps(listed).encode())

    async def _summary(self, request: Request, parts: tuple[str, ...], query: Query) -> Reply:
        return Response(200, json.dumps(await self._numbers.summary()).encode())

    async def _resources(self, request: Request, parts: tuple[str, ...], query: Query) -> Reply:
        return Response(200, (await self._numbers.resources()).encode(), "text/plain; version=0.0.4; charset=utf-8")

    async def _metrics(self, request: Request, parts: tuple[str, ...], query: Query) -> Reply:
        return Response(200, self._numbers.metrics().encode(), "text/plain; version=0.0.4; charset=utf-8")


def is_allowed(peer: Peer) -> bool:
    """Whether the other end has shown the certificate of the API server or of an administrator."""
    if peer.identity is None:
        peer.identity = peer.certificate is not None and _may_call(peer.certificate)
    return bool(peer.identity)


def _may_call(certificate: bytes) -> bool:
    info = read_certificate(certificate)
    return info.common_name == API_SERVER or MASTERS in info.organizations


def forwarded_ports(query: Query) -> list[int]:
    """The ports that a port-forward names; SPDY clients name theirs later. Raises Refusal."""
    ports = [port for text in query.get("port", query.get("ports", [])) for port in text.split(",")]
    for port in ports:
        if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise Refusal(400, f"unable to parse {json.dumps(port)} as a port")
    return [int(port) for port in ports]


def log_options(query: Query, now: float) -> LogOptions:
    """What the query of a log request asks for; raises Refusal."""
    try:
        since = _number(query, "sinceSeconds")
        moment = parse_time(query["sinceTime"][0]) if query.get("sinceTime", [""])[0] else None
        return LogOptions(
            follow=_flag(query, "follow"),
            previous=_flag(query, "previous"),
            timestamps=_flag(query, "timestamps"),
            since=now - since if since is not None else moment,
            tail=_number(query, "tailLines") if _number(query, "tailLines") != -1 else None,
            limit_bytes=_number(query, "limitBytes"),
            stream=query.get("stream", ["All"])[0] or "All",
        )
    except ValueError as error:
        raise Refusal(400, f"Unable to decode query: {error}") from error


def _channels(query: Query) -> dict[str, bool]:
    """Which streams are wanted: the kubelet's own names for them, and the API's."""
    tty = _flag(query, "tty")
    return {
        "stdin": _flag(query, "input") or _flag(query, "stdin"),
        "stdout": _flag(query, "output") or _flag(query, "stdout"),
        "stderr": (_flag(query, "error") or _flag(query, "stderr")) and not tty,
        "tty": tty,
    }


def _flag(query: Query, name: str) -> bool:
    return query.get(name, [""])[0] in ("1", "true", "True")


def _number(query: Query, name: str) -> int | None:
    text = query.get(name, [""])[0]
    return int(text) if text else None


def _objects(pods: Iterable[Pod]) -> list[object]:
    return [{"apiVersion": "v1", "kind": "Pod", **to_obj(pod)} for pod in pods]
