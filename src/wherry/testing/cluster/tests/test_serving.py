"""The cluster for other programs, reached as they reach it."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from wherry.identity.kubeconfig import Kubeconfig, read_kubeconfig
from wherry.testing import Cluster


class Outside:
    """A program with nothing but a kubeconfig."""

    def __init__(self, config: Kubeconfig) -> None:
        self._config = config
        self._tls = ssl.create_default_context(cadata=config.authority.decode())

    def open(self, path: str, token: str | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self._config.token if token is None else token}"}
        return urllib.request.urlopen(
            urllib.request.Request(self._config.server + path, headers=headers), context=self._tls, timeout=10
        )

    def get(self, path: str) -> Any:
        with self.open(path) as answer:
            return json.load(answer)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster(0, clock="manual") as made:
        yield made


@pytest.fixture
def outside(cluster: Cluster) -> Outside:
    return Outside(read_kubeconfig(cluster.kubeconfig))


def test_a_program_reads_with_the_kubeconfig_and_nobody_without(cluster: Cluster, outside: Outside) -> None:
    assert cluster.url == read_kubeconfig(cluster.kubeconfig).server
    assert outside.get("/api/v1/namespaces/default")["kind"] == "Namespace"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        outside.open("/api/v1/namespaces/default", token="another")
    assert cluster.kubeconfig.stat().st_mode & 0o077 == 0


def test_namespaces_learn_the_authority(cluster: Cluster) -> None:
    api = cluster.client()
    assert api.get("cm/kube-root-ca.crt")["data"] == {"ca.crt": ""}
    authority = read_kubeconfig(cluster.kubeconfig).authority.decode()
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "later"}})
    for namespace in ("default", "later"):
        assert api.get("cm/kube-root-ca.crt", namespace=namespace)["data"] == {"ca.crt": authority}


def test_nothing_is_left_behind(cluster: Cluster) -> None:
    folder = cluster.kubeconfig.parent
    assert folder.exists()
    cluster.close()
    assert not folder.exists()


def test_a_process_that_closes_nothing_leaves_nothing_either() -> None:
    code = "from wherry.testing import Cluster; print(Cluster(0).start().kubeconfig)"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert not Path(done.stdout.strip()).parent.exists()
    assert done.stderr == ""


def test_restoring_ends_watches_and_gives_no_revision_twice(cluster: Cluster, outside: Outside) -> None:
    snapshot = cluster.snapshot()
    path = "/api/v1/namespaces/default/configmaps"
    cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})
    before = int(outside.get(path)["metadata"]["resourceVersion"])
    with outside.open(f"{path}?watch=1&fieldSelector=metadata.name%3Da") as watch:
        assert json.loads(watch.readline())["type"] == "ADDED"
        cluster.restore(snapshot)
        assert watch.readline() == b""
    after = outside.get(path)
    assert int(after["metadata"]["resourceVersion"]) > before
    assert "a" not in [item["metadata"]["name"] for item in after["items"]]
    with outside.open(f"{path}?watch=1&resourceVersion={before}") as watch:
        assert json.loads(watch.readline())["object"]["reason"] == "Expired"


class Follower:
    """A program that lists and watches, and does so again at once, whatever happens to its connection."""

    def __init__(self, cluster: Cluster, outside: Outside) -> None:
        self._cluster = cluster
        self.seen: set[str] = set()
        self.trials = 0
        self._outside = outside
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._follow)

    def __enter__(self) -> Follower:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._cluster.restart()
        self._thread.join()

    def hears_of(self, name: str) -> None:
        """Make something, and see that it is noticed."""
        self._cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})
        end = time.monotonic() + 5
        while name not in self.seen and time.monotonic() < end:
            time.sleep(0.005)
        assert name in self.seen

    def _follow(self) -> None:
        while not self._is_over.is_set():
            self.trials += 1
            with suppress(OSError, HTTPException, ValueError):
                self._list_and_watch("/api/v1/namespaces/default/configmaps")

    def _list_and_watch(self, path: str) -> None:
        page = self._outside.get(path)
        self.seen.update(item["metadata"]["name"] for item in page["items"])
        with self._outside.open(f"{path}?watch=1&resourceVersion={page['metadata']['resourceVersion']}") as watch:
            for line in watch:
                if self._is_over.is_set() or (event := json.loads(line))["type"] == "ERROR":
                    return
                self.seen.add(event["object"]["metadata"]["name"])


@pytest.mark.parametrize("how", ["restart", "restore"])
def test_who_watches_from_outside_goes_on_with_the_next_control_plane(
    cluster: Cluster, outside: Outside, how: str
) -> None:
    """Also who is back before the old one is quite gone."""
    snapshot = cluster.snapshot()
    with Follower(cluster, outside) as follower:
        for turn in range(6):
            follower.hears_of(f"before-{turn}")
            trials = follower.trials
            if how == "restart":
                cluster.restart()
            else:
                cluster.restore(snapshot)
            follower.hears_of(f"after-{turn}")
            assert follower.trials > trials


def test_who_is_kept_waiting_by_a_fault_is_cut_off_when_the_control_plane_ends(
    cluster: Cluster, outside: Outside
) -> None:
    """The clock by which it waited is gone."""
    fault = cluster.slow("get", "configmaps", seconds=3600)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(outside.get, "/api/v1/namespaces/default/configmaps/kube-root-ca.crt")
        while not fault.hits:
            time.sleep(0.005)
        cluster.restore(cluster.snapshot())
        with pytest.raises((ConnectionError, HTTPException)):
            waiting.result(timeout=5)


def test_a_manual_clock_waits_for_those_who_are_connected(cluster: Cluster, outside: Outside) -> None:
    """A program outside works in the machine's time, so that time must not be over before it could do anything."""
    with outside.open("/api/v1/namespaces/default/configmaps?watch=1") as watch:
        assert json.loads(watch.readline())["type"] == "ADDED"
        with pytest.raises(TimeoutError):
            cluster.wait("cm/never", "create", timeout=20)
    assert cluster.clock.time() == 1_700_000_020
