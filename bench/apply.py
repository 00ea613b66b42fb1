"""What server-side apply costs, and what keeping managed fields adds to ordinary writes.

The API without a connection and on a store in memory: controllers would answer every applied Deployment with work of
their own. A request over TLS and a durable write add some 50 µs.
"""

from __future__ import annotations

import json
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bench.api import ConfigMaps, configmap, pod
from bench.measure import Measure, measured
from bench.processes import server
from wherry.api import Obj
from wherry.api.resource import Resource, Subresource
from wherry.apiserver import ownership
from wherry.apiserver.api import Api, Settings
from wherry.apiserver.core import Call, Core
from wherry.store.memory import MemoryStore
from wherry.transport.messages import Peer, Request, Response

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
JSON, YAML, MERGE = "application/json", "application/apply-patch+yaml", "application/merge-patch+json"
_ROUNDS, _SHARE, _WHOLE = 5, 200, 3000


async def run() -> list[Measure]:
    api = Api(Settings(store=MemoryStore(), random=random.Random(1)))
    await api.open()
    try:
        return [*await _applies(api), *await _writes(api), *await _puts(api)]
    finally:
        await api.close()


async def _applies(api: Api) -> list[Measure]:
    subject = "server-side apply of a Deployment"
    return [
        await _measure(api, f"{subject}, new: CPU", 1000, lambda i: _apply(_deployment(f"new-{i}", 1))),
        await _measure(api, f"{subject}, changed: CPU", 1000, lambda i: _apply(_deployment("one", i))),
        await _measure(api, f"{subject}, unchanged: CPU", 1000, lambda i: _apply(_deployment("two", 1))),
        await _measure(api, f"{subject}, with less than before: CPU", 1000, _shrinking),
    ]


async def _writes(api: Api) -> list[Measure]:
    await _send(api, "POST", CONFIGMAPS, configmap("shared"), JSON)
    for manager in range(12):
        patch = {"data": {f"key-{manager}": "1"}}
        await _send(api, "PATCH", f"{CONFIGMAPS}/shared?fieldManager=manager-{manager}", patch, MERGE)
    shared = lambda i: ("PATCH", f"{CONFIGMAPS}/shared", {"data": {"changed": str(i)}}, MERGE)  # noqa: E731
    made = lambda i: ("POST", PODS, pod(f"pod-{i}", "nowhere"), JSON)  # noqa: E731
    return [
        await _measure(api, "merge-PATCH of a ConfigMap with ten managers: CPU", 250, shared),
        await _measure(api, "create Pod 2 KB, without a connection: CPU", 350, made),
    ]


async def _puts(api: Api) -> list[Measure]:
    """What a plain PUT pays for managed fields: what it costs more than with nobody keeping them.

    The share is that of a whole request, over TLS and to the disk.
    """
    await _send(api, "POST", CONFIGMAPS, configmap("put"), JSON)
    put = lambda i: ("PUT", f"{CONFIGMAPS}/put", configmap("put") | {"data": {"put": str(i)}}, JSON)  # noqa: E731
    kept = await _measure(api, "PUT of a ConfigMap, without a connection: CPU", None, put)
    with _unkept():
        unkept = await _measure(api, "", None, put)
    with server() as one:
        configmaps = ConfigMaps(one)
        configmaps.create(_WHOLE)
        whole = configmaps.put(_WHOLE)[0].value
    added = kept.value - unkept.value
    return [kept, Measure("PUT of a ConfigMap: what managed fields add to it", added / (whole - added) * 100, "%", 40)]


@contextmanager
def _unkept() -> Iterator[None]:
    """Nobody's fields are kept meanwhile; the entries that there are go with the next write."""
    follow = ownership.follow

    def forget(core: Core, call: Call, resource: Resource, sub: Subresource | None, new: Obj, old: Obj | None) -> None:
        new["metadata"].pop("managedFields", None)

    setattr(ownership, "follow", forget)  # noqa: B010 - mypy forbids to assign functions of modules
    try:
        yield
    finally:
        setattr(ownership, "follow", follow)  # noqa: B010


async def _measure(
    api: Api, name: str, target: float | None, make: Callable[[int], tuple[str, str, dict[str, Any], str]]
) -> Measure:
    """The cheapest of some rounds is the one that others disturbed least."""
    costs = []
    for turn in range(_ROUNDS):
        requests = [_request(*make(i)) for i in range(turn * _SHARE, (turn + 1) * _SHARE)]
        with measured() as cost:
            for request in requests:
                await _answer(api, request)
        costs.append(cost.cpu * 1e6 / _SHARE)
    return Measure(name, min(costs), "µs", target)


def _apply(obj: dict[str, Any]) -> tuple[str, str, dict[str, Any], str]:
    return "PATCH", f"{DEPLOYMENTS}/{obj['metadata']['name']}?fieldManager=bench", obj, YAML


def _shrinking(i: int) -> tuple[str, str, dict[str, Any], str]:
    """Every other apply leaves out what the one before has set."""
    deployment = _deployment("three", 1)
    if i % 2:
        del deployment["spec"]["template"]["spec"]["containers"][0]["env"][4:]
    return _apply(deployment)


def _deployment(name: str, replicas: int) -> dict[str, Any]:
    template = pod(name)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": {"app": "bench"}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": template["metadata"]["labels"]}, "spec": template["spec"]},
        },
    }


async def _send(api: Api, method: str, path: str, body: dict[str, Any], content_type: str) -> None:
    await _answer(api, _request(method, path, body, content_type))


def _request(method: str, path: str, body: dict[str, Any], content_type: str) -> Request:
    path, _, query = path.partition("?")
    data = json.dumps(body, separators=(",", ":")).encode()
    headers = {"content-type": content_type, "user-agent": "bench/1"}
    return Request(method, path, query, headers, data, Peer("127.0.0.1", None))


async def _answer(api: Api, request: Request) -> None:
    reply = api.handle(request)
    if isinstance(reply, Awaitable):
        reply = await reply
    if not isinstance(reply, Response) or reply.status >= 300:
        raise RuntimeError(f"{request.method} {request.path}: {reply}")
