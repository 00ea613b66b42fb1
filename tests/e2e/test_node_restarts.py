"""kill -9 of anything, then everything as it was: same containers, same addresses, nothing counted as a restart."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.cluster import Cluster
from tests.e2e.conftest import need_node
from tests.e2e.leftovers import leftovers
from tests.e2e.pods import Bench, condition, container, pod, until

from wherry.testing.network import Network


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A cluster of this module's own, which is killed in every way, and must leave nothing behind."""
    need_node()
    state = tmp_path_factory.mktemp("restarts") / "state"
    name = f"wherry-{uuid.uuid4().hex[:6]}"
    with Network(name) as prefix:
        cluster = Cluster(state, 6443, prefix)
        uids: list[str] = []
        try:
            cluster.wherry("up", "--no-kubeconfig", "--node-name", "one")
            cluster.wherry("images", "example")
            bench = Bench(cluster, "default")
            until(lambda: bench.get("serviceaccounts")["items"])
            for each in (pod("web", restart_me()), pod("other")):
                bench.apply(each)
            bench.apply(deployment())
            bench.kubectl("rollout", "status", "deployment/many", "--timeout=60s")
            bench.wait_ready("web")
            bench.wait_ready("other")
            uids = [each["metadata"]["uid"] for each in bench.get("pods")["items"]]
            yield bench
        finally:
            cluster.wherry("down", check=False)
            found = until_none(lambda: leftovers(state, uids, name), 3)
            cluster.wherry("down", "--delete-state", check=False)
    assert found == []
    assert not state.exists()


def restart_me() -> dict[str, Any]:
    return container("trap exit TERM; httpd -f -p 8080 -h /var/www & wait", volumeMounts=[])


def deployment() -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "many"}}, "spec": pod("unused")["spec"]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "many"},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "many"}}, "template": template},
    }


def until_none(look: Any, seconds: float = 10) -> Any:
    end = time.monotonic() + seconds
    while (found := look()) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def identities(bench: Bench) -> dict[str, Any]:
    """What must stay the same."""
    return {
        each["metadata"]["name"]: (
            each["metadata"]["uid"],
            each["status"]["podIP"],
            [(one["containerID"], one["restartCount"]) for one in each["status"]["containerStatuses"]],
            each["status"]["startTime"],
        )
        for each in bench.get("pods")["items"]
    }


def pids(bench: Bench, *words: str) -> list[int]:
    """Processes of this cluster whose command line has all of the words."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if all(any(word in part for part in line) for word in (str(bench.cluster.state), *words)):
            found.append(int(folder.name))
    return found


def agent(bench: Bench) -> list[int]:
    return pids(bench, "wherry", "agent", "--kubelet-port")


def server(bench: Bench) -> list[int]:
    return pids(bench, "wherry", "server", "--port")


def containerd(bench: Bench) -> list[int]:
    return pids(bench, "containerd", "--config")


def supervisor(bench: Bench) -> list[int]:
    return pids(bench, "supervisor.py")


KILLS = {
    "agent": (agent,),
    "containerd": (containerd,),
    "agent-and-containerd": (agent, containerd),
    "server": (server,),
    "server-and-agent": (server, agent),
}


@pytest.mark.parametrize("victims", KILLS.values(), ids=KILLS.keys())
def test_pods_outlive_what_is_killed(alone: Bench, victims: Any) -> None:
    before = identities(alone)
    assert len(before) == 5
    dead = [pid for find in victims for pid in find(alone)]
    assert len(dead) == len(victims)
    for pid in dead:
        os.kill(pid, signal.SIGKILL)
    until(lambda: all(set(find(alone)) - set(dead) for find in victims), what="the restart")
    until(lambda: is_serving(alone), what="a server that answers")
    check_works(alone)
    assert identities(alone) == before
    assert all(condition(each["status"], "Ready") == "True" for each in alone.get("pods")["items"])


def test_up_takes_over_after_its_supervisor_was_killed(alone: Bench) -> None:
    before = identities(alone)
    dead = supervisor(alone)
    assert len(dead) == 1
    os.kill(dead[0], signal.SIGKILL)
    until(lambda: not server(alone) and not agent(alone), what="the end of the supervisor's children")
    alone.cluster.wherry("up", "--no-kubeconfig", "--node-name", "one")
    check_works(alone)
    assert identities(alone) == before


def test_down_and_up_begins_the_same_pods_anew(alone: Bench) -> None:
    before = identities(alone)
    alone.cluster.wherry("down")
    found = until_none(lambda: leftovers(alone.cluster.state, [each[0] for each in before.values()]))
    assert found == []
    alone.cluster.wherry("up", "--no-kubeconfig", "--node-name", "one")
    until(lambda: all(each[2][0][1] == 1 for each in identities(alone).values()), what="the second run of each")
    alone.wait_ready("web")
    after = identities(alone)
    assert {name: each[0] for name, each in after.items()} == {name: each[0] for name, each in before.items()}
    check_works(alone)


def is_serving(bench: Bench) -> bool:
    return bench.cluster.run(bench.cluster.kubectl_path, "get", "--raw", "/readyz", check=False).returncode == 0


def check_works(bench: Bench) -> None:
    """The node does what it is told, not only what it was told before."""
    name = f"probe-{uuid.uuid4().hex[:5]}"

    def runs() -> bool:
        done = bench.cluster.run(*bench.words("exec", "web", "--", "echo", "there"), check=False)
        return done.stdout == "there\n"

    until(runs, what="an exec into a pod of before")
    bench.run(name)
    bench.kubectl("delete", "pod", name)
