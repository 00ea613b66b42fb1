"""A second machine joins: two nodes on one link, each in a network namespace of its own."""

from __future__ import annotations

import ipaddress
import json
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.cluster import Cluster
from tests.e2e.conftest import need_node
from tests.e2e.pods import STAY, condition, container, pod, until

from wherry.testing.network import Neighbours


@dataclass(frozen=True, slots=True)
class Second:
    """The joining machine: an agent that is started, killed and started again."""

    cluster: Cluster
    running: list[subprocess.Popen[str]]

    def agent(self, *words: str) -> subprocess.Popen[str]:
        """Start it; its log goes to a file."""
        command = (*_agent(self.cluster.state), "--cgroup-parent", self.cgroup, "-v")
        with self.log.open("a") as log:
            started = self.cluster.start(*command, *words, stdout=log, stderr=log)
        self.running.append(started)
        return started

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        for process in self.running:
            process.send_signal(number)
            process.wait(20)
        self.running.clear()

    @property
    def log(self) -> Path:
        return self.cluster.state.with_name("two.log")

    @property
    def cgroup(self) -> str:
        return f"/kubepods-{self.cluster.state.parent.name}"


@dataclass(frozen=True, slots=True)
class Site:
    first: Cluster
    second: Second


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A cluster whose first node runs, and a machine beside it."""
    need_node()
    folder = tmp_path_factory.mktemp("join")
    name = f"wherry-{uuid.uuid4().hex[:6]}"
    with Neighbours((f"{name}a", f"{name}b")) as (one, two):
        first = Cluster(folder / "one", 6443, one)
        second = Second(Cluster(folder / "two", 6443, two), [])
        try:
            first.wherry("up", "--no-kubeconfig", "--node-name", "one")
            yield Site(first, second)
        finally:
            second.stop()
            second.cluster.wherry("down", "--delete-state", check=False)
            first.wherry("down", "--delete-state", check=False)
            _remove_cgroup(second.cgroup)


def test_a_token_that_is_no_good_is_refused_in_one_sentence(site: Site) -> None:
    token = site.first.wherry("token", "create", "--description", "withdrawn").strip()
    listed = json.loads(site.first.wherry("token", "list", "-o", "json"))
    (entry,) = [each for each in listed if each["description"] == "withdrawn"]
    assert token not in json.dumps(listed)
    site.first.wherry("token", "delete", entry["token"])
    assert "withdrawn" not in site.first.wherry("token", "list")
    assert _refusal(site, token) == "error: the join token is not valid: it has expired or was withdrawn"
    assert _refusal(site, "nonsense") == "error: this is not a join token"
    assert not (site.second.cluster.state / "agent/containerd").exists(), "nothing was begun"


def test_a_state_folder_with_a_cluster_of_its_own_does_not_join(site: Site) -> None:
    token = site.first.wherry("token", "create").strip()
    refused = site.first.run(*_agent(site.first.state), "--join", token, check=False)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"error: {site.first.state} holds a cluster of its own\nhint: ")


@pytest.fixture(scope="module")
def joined(site: Site) -> Site:
    """Both nodes Ready, although the agent was killed on the way."""
    token = site.first.wherry("token", "create").strip()
    join = ("--join", token, "--node-name", "two")
    agent = site.second.agent(*join)
    until(lambda: _requests(site), what="the second node's first request")
    agent.kill()
    agent.wait(10)
    site.second.running.clear()
    site.second.agent(*join)
    until(lambda: _ready(site) == {"one": "True", "two": "True"}, 60, "both nodes being Ready")
    for cluster in (site.first, site.second.cluster):
        cluster.wherry("images", "example")
    names = ("on-one", "on-two")
    for name in names:
        serving = container(
            f"mkdir -p /tmp/w; echo {name} > /tmp/w/index.html; busybox httpd -h /tmp/w -f -vv & {STAY}"
        )
        made = pod(name, serving, nodeName=name.removeprefix("on-"))
        site.first.kubectl("apply", "-f", "-", stdin=json.dumps(made))
    site.first.kubectl("wait", "--for=condition=Ready", "pod", *names, "--timeout=60s")
    return site


def test_pods_of_both_nodes_reach_each_other_by_their_own_addresses(joined: Site) -> None:
    networks = {node["metadata"]["name"]: node["spec"]["podCIDR"] for node in joined.first.get("nodes")["items"]}
    assert len(set(networks.values())) == 2
    addresses = {name: _pod(joined, f"on-{name}")["status"]["podIP"] for name in networks}
    for here, there in (("one", "two"), ("two", "one")):
        assert ipaddress.ip_address(addresses[here]) in ipaddress.ip_network(networks[here])
        page = _fetch(joined, f"on-{here}", addresses[there])
        assert page == f"on-{there}\n"
        # Who serves the page says who asked for it: nobody has changed the address on the way.
        assert f"{addresses[here]}]" in joined.first.kubectl("logs", f"on-{there}")


def test_what_leaves_the_cluster_has_the_nodes_address(joined: Site) -> None:
    second = joined.second.cluster
    log = second.state.with_name("outside.log")
    with log.open("w") as out:
        server = second.start("busybox", "httpd", "-f", "-vv", "-p", "8088", stdout=out, stderr=out)
    try:
        done = ("exec", "on-one", "--", "busybox", "wget", "-q", "-O", "-", "http://198.51.100.3:8088/none")
        until(lambda: joined.first.kubectl(*done, check=False) == "" and "url:" in log.read_text(), what="a request")
        assert "198.51.100.2]" in log.read_text()
    finally:
        server.terminate()
        server.wait(10)


def test_logs_and_exec_of_the_second_node_go_through_the_firsts_api(joined: Site) -> None:
    talker = container("echo from two; " + STAY)
    joined.first.kubectl("apply", "-f", "-", stdin=json.dumps(pod("speaks", talker, nodeName="two")))
    until(lambda: joined.first.kubectl("logs", "speaks", check=False) == "from two\n", what="the log")
    assert joined.first.kubectl("exec", "speaks", "--", "echo", "inside") == "inside\n"
    joined.first.kubectl("delete", "pod", "speaks")


def test_a_withdrawn_token_is_of_no_interest_to_who_has_joined(joined: Site) -> None:
    for entry in json.loads(joined.first.wherry("token", "list", "-o", "json")):
        joined.first.wherry("token", "delete", entry["token"])
    before = _pod(joined, "on-two")["status"]["containerStatuses"][0]["containerID"]
    renewed = joined.first.get("lease", "two", "-n", "kube-node-lease")["spec"]["renewTime"]
    joined.second.stop(signal.SIGKILL)
    joined.second.agent()
    until(
        lambda: joined.first.get("lease", "two", "-n", "kube-node-lease")["spec"]["renewTime"] != renewed,
        what="the node's next heartbeat",
    )
    until(lambda: joined.first.kubectl("exec", "on-two", "--", "echo", "alive", check=False) == "alive\n", what="exec")
    status = _pod(joined, "on-two")["status"]["containerStatuses"][0]
    assert (status["containerID"], status["restartCount"]) == (before, 0)
    kubeconfig = joined.second.cluster.state / "agent/agent.kubeconfig"
    assert kubeconfig.stat().st_mode & 0o777 == 0o600


def _agent(state: Path) -> tuple[str, ...]:
    return (sys.executable, "-m", "wherry", "agent", "--state", str(state))


def _refusal(site: Site, token: str) -> str:
    """What an agent says that cannot join; the hint that follows says where a good token comes from."""
    refused = site.second.cluster.run(*_agent(site.second.cluster.state), "--join", token, check=False)
    assert refused.returncode == 1
    *log, error, hint = refused.stderr.splitlines()
    assert len(log) <= 1
    assert "`wherry token create`" in hint
    return error


def _fetch(site: Site, name: str, address: str) -> str:
    return site.first.kubectl("exec", name, "--", "busybox", "wget", "-q", "-O", "-", f"http://{address}/")


def _requests(site: Site) -> Any:
    return site.first.get("certificatesigningrequests")["items"]


def _ready(site: Site) -> dict[str, str]:
    nodes = site.first.get("nodes")["items"]
    return {node["metadata"]["name"]: condition(node.get("status", {}), "Ready") for node in nodes}


def _pod(site: Site, name: str) -> Any:
    return site.first.get("pod", name)


def _remove_cgroup(name: str) -> None:
    for top in Path("/sys/fs/cgroup").glob(f"*/{name.lstrip('/')}"):
        for folder in sorted((each for each in top.rglob("*") if each.is_dir()), reverse=True):
            folder.rmdir()
        top.rmdir()
