"""`wherry testing serve` as another program starts it."""

from __future__ import annotations

import json
import signal
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: example.test/i}]}\n"
CONFIGMAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


@contextmanager
def serving(*words: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    command = [sys.executable, "-m", "wherry", "testing", "serve", "--json", "--nodes", "0", *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.terminate()


def call(ready: dict[str, Any], path: str, body: bytes | None = None) -> Any:
    headers = {"Authorization": f"Bearer {ready['token']}"}
    request = urllib.request.Request(ready["url"] + path, body, headers)
    with urllib.request.urlopen(request, context=ssl.create_default_context(cadata=ready["ca"])) as answer:
        return json.load(answer)


def test_it_serves_until_its_parent_closes_the_pipe(tmp_path: Path) -> None:
    manifest = tmp_path / "a.yaml"
    manifest.write_text(CONFIGMAP)
    with serving("--clock", "manual", "--manifest", str(manifest)) as (process, ready):
        assert ready["pid"] == process.pid
        assert call(ready, "/api/v1/namespaces/default/configmaps/a")["kind"] == "ConfigMap"
        before = call(ready, "/wherry/clock")
        assert before == {"now": "2023-11-14T22:13:20.000000Z", "runs": False}
        assert call(ready, "/wherry/clock", b'{"seconds": 90}')["now"] == "2023-11-14T22:14:50.000000Z"
        call(ready, "/wherry/snapshots", b'{"name": "here"}')
        call(ready, "/wherry/clock", b'{"seconds": 90}')
        call(ready, "/wherry/restore", b'{"snapshot": "here"}')
        assert call(ready, "/wherry/clock")["now"] == "2023-11-14T22:14:50.000000Z"
        kubeconfig = Path(ready["kubeconfig"])
        assert kubeconfig.stat().st_mode & 0o077 == 0
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 0
        assert not kubeconfig.parent.exists()


def test_a_signal_ends_it() -> None:
    with serving() as (process, ready):
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert not Path(ready["kubeconfig"]).parent.exists()


STAGE = """
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: held}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector: {matchExpressions: [{key: .metadata.finalizers, operator: DoesNotExist}]}
  next: {finalizers: {add: [{value: example.org/held}]}}
"""


def test_pods_fare_by_stages(tmp_path: Path) -> None:
    stages, manifest = tmp_path / "stages.yaml", tmp_path / "pod.yaml"
    stages.write_text(STAGE)
    manifest.write_text(POD)
    with serving("--nodes", "1", "--stages", str(stages), "--manifest", str(manifest)) as (_, ready):
        pod = call(ready, "/api/v1/namespaces/default/pods/p")
    assert pod["metadata"]["finalizers"] == ["example.org/held"]


@pytest.mark.parametrize(
    ("stages", "message"),
    [(None, "no such file"), (STAGE.replace("Pod}", "Service}"), "the stages cannot be played: stage 'held'")],
    ids=["a file that is not there", "a stage for another kind"],
)
def test_stages_that_cannot_be_played(tmp_path: Path, stages: str | None, message: str) -> None:
    path = tmp_path / "stages.yaml"
    if stages is not None:
        path.write_text(stages)
    command = [sys.executable, "-m", "wherry", "testing", "serve", "--stages", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert message in done.stderr


@pytest.mark.parametrize(
    ("manifest", "message"),
    [(None, "the manifests cannot be applied"), (CONFIGMAP.replace("a}", "A}"), "the manifests are refused")],
    ids=["a file that is not there", "an object that is not valid"],
)
def test_manifests_that_cannot_be_applied(tmp_path: Path, manifest: str | None, message: str) -> None:
    path = tmp_path / "manifest.yaml"
    if manifest is not None:
        path.write_text(manifest)
    command = [sys.executable, "-m", "wherry", "testing", "serve", "--nodes", "0", "--manifest", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {message}: ")
