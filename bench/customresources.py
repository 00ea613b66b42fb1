"""Custom kinds: what their objects cost, how soon a definition serves, and what a thousand definitions weigh.

The schema that objects are written against has a hundred fields and three rules, as operators' have; each of the
thousand definitions has a schema of its own.
"""

from __future__ import annotations

import http.client
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from typing import Any

from bench.api import CONNECTIONS, NAMESPACE, configmap
from bench.load import request, send_all
from bench.measure import Measure
from bench.processes import CpuMeter, ServerProcess, resident_megabytes, server

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
KINDS = 1000
WRITES = 2000


async def run() -> list[Measure]:
    with server() as one:
        own = [*_establishing(one), *_objects(one)]
    state = Path(tempfile.mkdtemp(prefix="wherry-bench-"))
    try:
        with server(state) as one:
            crowd = [*_thousand(one), *_documents(one)]
        with server(state) as one:
            crowd.append(Measure("start with 1,000 definitions", one.ready_seconds, "s"))
            crowd.append(Measure("memory after that start", resident_megabytes(one.pid), "MB"))
    finally:
        rmtree(state, ignore_errors=True)
    return [*own, *crowd]


def schema(fields: int = 100, salt: str = "") -> dict[str, Any]:
    """Groups of ten fields of the usual types, with limits and defaults, and three rules."""
    groups = {}
    for group in range(fields // 10):
        groups[f"group{group}"] = {
            "type": "object",
            "description": f"What belongs together in {salt or 'this'} group {group}.",
            "properties": {
                "name": {"type": "string", "maxLength": 63, "pattern": "^[a-z0-9-]*$"},
                "image": {"type": "string", "minLength": 1, "maxLength": 253},
                "replicas": {"type": "integer", "format": "int32", "minimum": 0, "maximum": 100, "default": 1},
                "minimum": {"type": "integer", "minimum": 0, "maximum": 100},
                "enabled": {"type": "boolean", "default": True},
                "mode": {"type": "string", "enum": ["Fast", "Safe"], "default": "Safe"},
                "port": {"x-kubernetes-int-or-string": True},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": 20},
                "args": {"type": "array", "items": {"type": "string", "maxLength": 100}, "maxItems": 10},
                "since": {"type": "string", "format": "date-time"},
            },
        }
    rules = [
        {"rule": "!has(self.group0) || self.group0.replicas >= 1", "message": "at least one"},
        {"rule": "!has(self.group1) || !has(self.group1.name) || self.group1.name != 'forbidden'"},
        {"rule": "!has(self.group2) || self.group2.mode == 'Safe' || self.group2.enabled"},
    ]
    spec = {"type": "object", "properties": groups, "x-kubernetes-validations": rules}
    status = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {"type": "object", "properties": {"spec": spec, "status": status}}


def definition(plural: str, kind: str, group: str, fields: int = 100) -> bytes:
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": schema(fields, plural)},
    }
    spec = {
        "group": group,
        "scope": "Namespaced",
        "names": {"plural": plural, "kind": kind},
        "versions": [version],
    }
    body = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": spec,
    }
    return json.dumps(body).encode()


def custom(name: str, kind: str = "Widget", group: str = "bench.example.com") -> bytes:
    """An object that sets forty of the hundred fields."""
    content = {
        "name": "web",
        "image": "registry.example/team/web:1.27.3",
        "replicas": 3,
        "minimum": 1,
        "enabled": True,
        "mode": "Fast",
        "port": 8080,
        "labels": {"app": "web", "tier": "front"},
        "args": ["--verbose", "--port=8080"],
        "since": "2026-01-01T00:00:00Z",
    }
    spec = {f"group{number}": content for number in range(4)}
    return json.dumps({"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}).encode()


def _establishing(one: ServerProcess) -> Iterator[Measure]:
    """From sending a definition to the first object that is accepted; the middle one of several."""
    times = []
    with _connection(one) as ask:
        for number in range(9):
            plural, kind, group = f"early{number}s", f"Early{number}", f"early{number}.example.com"
            began = time.perf_counter()
            assert ask("POST", DEFINITIONS, definition(plural, kind, group)) == 201
            path = f"/apis/{group}/v1/namespaces/default/{plural}"
            while ask("POST", path, custom("first", kind, group)) != 201:
                pass
            times.append(time.perf_counter() - began)
    yield Measure("definition to its first object: p50", sorted(times)[len(times) // 2] * 1e3, "ms", 50)


def _objects(one: ServerProcess) -> Iterator[Measure]:
    path = "/apis/bench.example.com/v1/namespaces/default/widgets"
    with _connection(one) as ask:
        assert ask("POST", DEFINITIONS, definition("widgets", "Widget", "bench.example.com")) == 201
        while ask("GET", path) != 200:
            pass
    names = [f"w{number}" for number in range(WRITES)]
    bodies = {name: custom(name) for name in names}
    yield _cpu(one, "create a custom object: CPU", 300, [request("POST", path, bodies[name]) for name in names])
    yield _cpu(one, "GET a custom object, first: CPU", None, [request("GET", f"{path}/{name}") for name in names])
    yield _cpu(one, "GET a custom object: CPU", None, [request("GET", f"{path}/{name}") for name in names])
    merge = json.dumps({"spec": {"group0": {"replicas": 5}}}).encode()
    patches = [request("PATCH", f"{path}/{name}", merge, "application/merge-patch+json") for name in names]
    yield _cpu(one, "merge-PATCH a custom object: CPU", None, patches)


def _thousand(one: ServerProcess) -> Iterator[Measure]:
    """What other kinds pay for a thousand definitions, and what those weigh."""
    alone = _configmaps(one, "alone", 0)
    yield from alone
    before = resident_megabytes(one.pid)
    bodies = [
        request("POST", DEFINITIONS, definition(f"kind{n}s", f"Kind{n}", f"g{n % 50}.example.com"))
        for n in range(KINDS)
    ]
    meter = CpuMeter(one.pid)
    outcome = send_all(one.target, bodies, 4)
    assert not outcome.failures
    with _connection(one) as ask:
        last = f"g{(KINDS - 1) % 50}.example.com"
        while ask("GET", f"/apis/{last}/v1/kind{KINDS - 1}s") != 200:
            pass
    yield Measure("make and establish a definition: CPU", meter.seconds() * 1e3 / KINDS, "ms")
    yield Measure("memory of 1,000 definitions", resident_megabytes(one.pid) - before, "MB", 100)
    for before_it, beside in zip(alone, _configmaps(one, "beside 1,000 definitions", WRITES), strict=True):
        yield beside
        verb = before_it.name.partition(" ")[0]
        yield Measure(
            f"{verb} ConfigMap: what 1,000 definitions add", (beside.value / before_it.value - 1) * 100, "%", 10
        )


def _configmaps(one: ServerProcess, where: str, first: int) -> list[Measure]:
    path = f"{NAMESPACE}/configmaps"
    names = [f"c{number}" for number in range(first, first + WRITES)]
    creations = [request("POST", path, json.dumps(configmap(name)).encode()) for name in names]
    return [
        _cpu(one, f"create ConfigMap {where}: CPU", None, creations),
        _cpu(one, f"GET ConfigMap {where}: CPU", None, [request("GET", f"{path}/{name}") for name in names * 4]),
    ]


def _documents(one: ServerProcess) -> Iterator[Measure]:
    """What clients ask first, among a thousand definitions."""
    with _connection(one) as ask:
        for name, path, target in (
            ("aggregated discovery, after a change", "/apis", None),
            ("index of OpenAPI v3, after a change", "/openapi/v3", None),
            ("OpenAPI v3 of a group of 20 kinds, cold", "/openapi/v3/apis/g7.example.com/v1", 20),
            ("OpenAPI v3 of a group of one kind, cold", "/openapi/v3/apis/late.example.com/v1", 20),
            ("OpenAPI v2 of everything, cold", "/openapi/v2", None),
        ):
            if not name.endswith("cold"):
                plural = f"late{len(name)}s"
                assert ask("POST", DEFINITIONS, definition(plural, f"Late{len(name)}", "late.example.com")) == 201
            meter = CpuMeter(one.pid)
            assert ask("GET", path) == 200
            yield Measure(f"{name}: CPU", meter.seconds() * 1e3, "ms", target)


def _cpu(one: ServerProcess, name: str, target: float | None, requests: Sequence[bytes]) -> Measure:
    """CPU per request; the best of two halves, since others may disturb."""
    best = float("inf")
    half = len(requests) // 2
    for part in (requests[:half], requests[half:]):
        meter = CpuMeter(one.pid)
        outcome = send_all(one.target, part, CONNECTIONS, on_open=meter.start)
        if outcome.failures:
            raise RuntimeError(f"{name}: {outcome.failures} of {len(part)} failed")
        best = min(best, meter.seconds() * 1e6 / len(part))
    return Measure(name, best, "µs", target)


@contextmanager
def _connection(one: ServerProcess) -> Iterator[Any]:
    """Asks one thing after another: (method, path, body) -> status."""
    connection = http.client.HTTPSConnection("127.0.0.1", one.port, context=one.target.context())
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"

    def ask(method: str, path: str, body: bytes | None = None) -> int:
        headers = {"Accept": accept, **({"Content-Type": "application/json"} if body else {})}
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        response.read()
        return response.status

    try:
        yield ask
    finally:
        connection.close()
