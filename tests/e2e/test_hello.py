"""The README's first steps, as written, on a real node."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.cluster import ROOT, Cluster

EXAMPLE = str(ROOT / "examples/hello.yaml")


@pytest.fixture(scope="module")
def hello(node: Cluster) -> Cluster:
    node.kubectl("apply", "-f", EXAMPLE)
    node.kubectl("rollout", "status", "deployment/hello", "--timeout=60s")
    return node


def until(is_true: Callable[[], object], seconds: float = 30) -> None:
    """Other processes are waited for by looking."""
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def pods(cluster: Cluster) -> list[str]:
    """Names of the example's pods that are not on their way out."""
    items = cluster.get("pods", "-l", "app=hello")["items"]
    return [pod["metadata"]["name"] for pod in items if "deletionTimestamp" not in pod["metadata"]]


def test_pods_run_with_addresses(hello: Cluster) -> None:
    items = hello.get("pods", "-l", "app=hello")["items"]
    assert [pod["status"]["phase"] for pod in items] == ["Running"] * 3
    assert len({pod["status"]["podIP"] for pod in items}) == 3
    assert {pod["spec"]["nodeName"] for pod in items} == {"one"}
    wide = hello.kubectl("get", "pods", "-o", "wide")
    assert wide.splitlines()[0].split()[:6] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP"]


def test_logs_show_the_environment(hello: Cluster) -> None:
    log = hello.kubectl("logs", "deploy/hello")
    assert log.startswith("Hello from Wherry, I am hello-")


def test_exec_runs_inside(hello: Cluster) -> None:
    assert hello.kubectl("exec", "deploy/hello", "--", "cat", "/www/index.html") == "<h1>Hello from Wherry</h1>\n"
    echoed = hello.run(hello.kubectl_path, "exec", "-i", "deploy/hello", "--", "cat", stdin="through stdin\n")
    assert echoed.stdout == "through stdin\n"
    failed = hello.run(hello.kubectl_path, "exec", "deploy/hello", "--", "sh", "-c", "exit 7", check=False)
    assert failed.returncode == 7


def test_port_forward_reaches_the_server(hello: Cluster) -> None:
    forward = hello.start(hello.kubectl_path, "port-forward", "deploy/hello", "18080:80", stdout=-1)
    try:
        assert forward.stdout is not None
        assert "Forwarding from 127.0.0.1:18080" in forward.stdout.readline()
        fetched = hello.run("busybox", "wget", "-q", "-O", "-", "http://127.0.0.1:18080/")
        assert fetched.stdout == "<h1>Hello from Wherry</h1>\n"
    finally:
        forward.terminate()
        forward.communicate(timeout=10)


def test_cp_both_ways(hello: Cluster, tmp_path: Path) -> None:
    pod = pods(hello)[0]
    (tmp_path / "there").write_text("copied\n")
    hello.kubectl("cp", str(tmp_path / "there"), f"{pod}:/tmp/there")
    hello.kubectl("cp", f"{pod}:/tmp/there", str(tmp_path / "back"))
    assert (tmp_path / "back").read_text() == "copied\n"


def test_scale_up_and_down(hello: Cluster) -> None:
    hello.kubectl("scale", "deployment/hello", "--replicas=5")
    hello.kubectl("rollout", "status", "deployment/hello", "--timeout=60s")
    assert len(pods(hello)) == 5
    hello.kubectl("scale", "deployment/hello", "--replicas=2")
    until(lambda: len(pods(hello)) == 2)


def test_rollout_and_undo(hello: Cluster) -> None:
    hello.kubectl("set", "env", "deployment/hello", "GREETING=Ahoy")
    hello.kubectl("rollout", "status", "deployment/hello", "--timeout=60s")
    until(lambda: hello.kubectl("logs", "deploy/hello").startswith("Ahoy, I am"))
    assert [line.split()[0] for line in hello.kubectl("rollout", "history", "deployment/hello").splitlines()[2:4]] == [
        "1",
        "2",
    ]
    hello.kubectl("rollout", "undo", "deployment/hello")
    hello.kubectl("rollout", "status", "deployment/hello", "--timeout=60s")
    until(lambda: hello.kubectl("logs", "deploy/hello").startswith("Hello from Wherry"))


def test_an_image_that_is_not_there_is_told(hello: Cluster) -> None:
    hello.kubectl("run", "nowhere", "--image=wherry.local/nowhere:1", "--image-pull-policy=Never")
    try:
        until(
            lambda: (
                hello.get("pod", "nowhere")["status"]
                .get("containerStatuses", [{}])[0]
                .get("state", {})
                .get("waiting", {})
                .get("reason")
                == "ErrImageNeverPull"
            )
        )
    finally:
        hello.kubectl("delete", "pod", "nowhere", "--grace-period=0", "--force")


def test_set_image_is_rolled_out(hello: Cluster) -> None:
    hello.kubectl("set", "image", "deployment/hello", "web=wherry.local/none:9")
    until(lambda: "wherry.local/none:9" in hello.kubectl("get", "pods", "-o", "jsonpath={..image}"))
    assert "True" in hello.kubectl("get", "deploy", "hello", "-o", "jsonpath={.status.conditions[0].status}")
    hello.kubectl("rollout", "undo", "deployment/hello")
    hello.kubectl("rollout", "status", "deployment/hello", "--timeout=60s")


def test_delete_takes_everything_along(hello: Cluster) -> None:
    hello.kubectl("delete", "-f", EXAMPLE)
    until(lambda: hello.get("pods,replicasets", "-l", "app=hello")["items"] == [])
