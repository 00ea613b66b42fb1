"""helm 4, unmodified, on a real node: a chart with a kind of its own, hooks that run Jobs, and a test."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.cluster import CLIENTS
from tests.e2e.pods import Bench, until

CHART = str(Path(__file__).parent / "charts/harbour")
SETTINGS = ("--wait", "--timeout=60s")


class Helm:
    """helm in one namespace."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def __call__(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        bench = self._bench
        return bench.cluster.run(str(CLIENTS / "helm"), "-n", bench.namespace, *words, check=check, timeout=120)


@pytest.fixture
def helm(bench: Bench) -> Iterator[Helm]:
    if not (CLIENTS / "helm").exists():
        pytest.skip("no helm: tools/clients.py fetches one")
    yield Helm(bench)
    bench.cluster.kubectl("delete", "crd", "berths.harbour.example.com", "--ignore-not-found")


def test_a_chart_is_installed_upgraded_rolled_back_tested_and_uninstalled(bench: Bench, helm: Helm) -> None:
    assert "one has 3 berths" in helm("install", "one", CHART, *SETTINGS).stdout
    assert _berths(bench) == {"one-0": 10, "one-1": 11, "one-2": 12}
    assert bench.get("berths", "one-0")["spec"]["side"] == "north"
    assert "pre-install done" in bench.kubectl("logs", "job/one-pre-install")
    assert bench.get("deploy", "one")["status"]["readyReplicas"] == 1
    assert bench.kubectl("get", "bt", "one-0", "--no-headers").split()[:3] == ["one-0", "10", "north"]

    helm("upgrade", "one", CHART, "--set", "berths=1,greeting=hello,replicas=2", *SETTINGS)
    assert _berths(bench) == {"one-0": 10}
    assert "post-upgrade done" in bench.kubectl("logs", "job/one-post-upgrade")
    assert bench.get("deploy", "one")["status"]["readyReplicas"] == 2
    assert "Succeeded" in helm("test", "one", "--timeout=60s").stdout
    assert "heard hello" in bench.kubectl("logs", "one-greets")

    helm("rollback", "one", "1", *SETTINGS)
    assert len(_berths(bench)) == 3
    assert bench.get("cm", "one")["data"] == {"greeting": "ahoy"}
    revisions = json.loads(helm("history", "one", "-o", "json").stdout)
    assert [revision["status"] for revision in revisions] == ["superseded", "superseded", "deployed"]

    helm("uninstall", "one", *SETTINGS)
    until(lambda: bench.kubectl("get", "deploy,svc,berths", "-o", "name") == "", what="the end of the release")


def test_a_chart_whose_objects_are_refused_fails_and_says_why(bench: Bench, helm: Helm) -> None:
    refused = helm("install", "two", CHART, "--set", "berths=-1,image=", "--no-hooks", check=False)
    assert refused.returncode != 0
    assert "spec.template.spec.containers[0].image" in refused.stderr, refused.stderr
    assert json.loads(helm("list", "--failed", "-o", "json").stdout)[0]["name"] == "two"


def test_what_others_own_is_not_taken_silently(bench: Bench, helm: Helm) -> None:
    """helm applies on the server's side: a field that somebody else has applied is a conflict."""
    helm("install", "three", CHART, "--no-hooks", "--set", "berths=0")
    bench.kubectl("apply", "--server-side", "--field-manager=ops", "--force-conflicts", "-f", "-", stdin=_scaled(5))
    refused = helm("upgrade", "three", CHART, "--no-hooks", "--set", "berths=0,replicas=2", check=False)
    assert refused.returncode != 0
    assert 'conflict with "ops"' in refused.stderr and ".spec.replicas" in refused.stderr, refused.stderr
    assert bench.get("deploy", "three")["spec"]["replicas"] == 5
    helm("upgrade", "three", CHART, "--no-hooks", "--set", "berths=0,replicas=2", "--force-conflicts")
    assert bench.get("deploy", "three")["spec"]["replicas"] == 2


def _scaled(replicas: int) -> str:
    deployment: dict[str, Any] = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "three"},
        "spec": {"replicas": replicas},
    }
    return json.dumps(deployment)


def _berths(bench: Bench) -> dict[str, int]:
    return {item["metadata"]["name"]: item["spec"]["length"] for item in bench.get("berths")["items"]}
