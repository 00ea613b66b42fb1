"""What a test waits for: a cluster in a fresh process, a fork, and days that pass on a clock that is turned."""

from __future__ import annotations

import json
import subprocess
import sys
import time

from bench.measure import Measure
from wherry.api import Obj
from wherry.testing import Cluster

_READY = """
import json, resource, sys, time
began, cpu = time.perf_counter(), time.process_time()
from wherry.testing import Cluster
with Cluster(nodes=3) as cluster:
    ready = time.perf_counter() - began, time.process_time() - cpu
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    print(json.dumps([*ready, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit]))
"""
_TURNS = 5
_CRONJOBS = 20
_HOURS = 3
"""Are measured, of the 168 that a week has: what has finished is cleared up, so that all hours are alike."""


async def run() -> list[Measure]:
    return [*_ready(), *_forks(), *_cronjobs()]


def _ready() -> list[Measure]:
    """A process that has imported nothing yet."""
    found = [json.loads(subprocess.run([sys.executable, "-c", _READY], capture_output=True, check=True).stdout)]
    found += [
        json.loads(subprocess.run([sys.executable, "-c", _READY], capture_output=True, check=True).stdout)
        for _ in range(_TURNS)
    ]
    return [
        Measure("Cluster(nodes=3): ready, import included", min(each[0] for each in found) * 1e3, "ms", 300),
        Measure("Cluster(nodes=3): CPU until ready", min(each[1] for each in found) * 1e3, "ms"),
        Measure("Cluster(nodes=3): memory", max(each[2] for each in found), "MB", 60),
    ]


def _forks() -> list[Measure]:
    with Cluster(nodes=3, clock="manual") as plain:
        plain.apply([_configmap(number) for number in range(820)])
        objects, seconds = _fork(plain)
    with Cluster(nodes=3, clock="manual") as busy:
        busy.apply([_deployment(number, 4) for number in range(25)])
        busy.wait("deployments", "Available", timeout=120)
        running, busy_seconds = _fork(busy)
    return [
        Measure(f"fork with {objects} objects: settled", seconds * 1e3, "ms", 20),
        Measure(f"fork with {running} objects, 100 of them running Pods: settled", busy_seconds * 1e3, "ms"),
    ]


def _fork(cluster: Cluster) -> tuple[int, float]:
    """(objects, the least of some times to a fork that has come to rest)"""
    snapshot = cluster.snapshot()
    times = []
    for _ in range(_TURNS):
        began = time.perf_counter()
        with cluster.fork(snapshot):
            times.append(time.perf_counter() - began)
    return len(snapshot.store.rows), min(times)


def _cronjobs() -> list[Measure]:
    """Every run makes a Job and a Pod, which is placed, runs and ends; the history limits clear up behind them."""
    with Cluster(nodes=3, clock="manual") as cluster:
        cluster.apply([_cronjob(number) for number in range(_CRONJOBS)])
        began, cpu = time.perf_counter(), time.process_time()
        cluster.clock.advance(hours=_HOURS)
        seconds, burnt = time.perf_counter() - began, time.process_time() - cpu
        last = [obj["status"].get("lastScheduleTime") for obj in cluster.client().list("cronjobs")]
        assert all(last), "a CronJob has never run"
    runs = _CRONJOBS * 12 * _HOURS
    return [
        Measure(f"7 days of {_CRONJOBS} CronJobs every 5 minutes", seconds * 168 / _HOURS, "s", 10),
        Measure("a run of a CronJob, all told: CPU", burnt / runs * 1e6, "µs"),
    ]


def _configmap(number: int) -> Obj:
    metadata = {"name": f"c{number}"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"text": "x" * 200}}


def _template(name: str, **spec: object) -> Obj:
    return {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "main", "image": "example.test/main"}], **spec},
    }


def _deployment(number: int, replicas: int) -> Obj:
    name = f"d{number}"
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": _template(name)}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def _cronjob(number: int) -> Obj:
    name = f"j{number}"
    job = {"spec": {"template": _template(name, restartPolicy="Never")}}
    spec = {"schedule": "*/5 * * * *", "jobTemplate": job}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name}, "spec": spec}
