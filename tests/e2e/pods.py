"""Pods for the node's tests: small manifests, and waiting for what becomes of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.e2e.cluster import Cluster

IMAGE = "wherry.local/hello:1"
Obj = dict[str, Any]


def until(is_true: Callable[[], Any], seconds: float = 30, what: str = "it") -> Any:
    """Other processes are waited for by looking; returns the first answer that counts as true."""
    end = time.monotonic() + seconds
    while not (found := is_true()):
        assert time.monotonic() < end, f"{what} did not happen in {seconds:.0f} s"
        time.sleep(0.1)
    return found


STAY = "trap exit TERM; sleep 1000 & wait"


def container(script: str = STAY, name: str = "main", **fields: Any) -> Obj:
    return {"name": name, "image": IMAGE, "command": ["sh", "-c", script], **fields}


def pod(name: str, *containers: Obj, metadata: Mapping[str, Any] | None = None, **spec: Any) -> Obj:
    """A pod that ends soon after it is deleted."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, **(metadata or {})},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": list(containers or [container()]), **spec},
    }


@dataclass(frozen=True, slots=True)
class Bench:
    """One namespace of a cluster, for one test."""

    cluster: Cluster
    namespace: str

    def apply(self, *objects: Obj) -> None:
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        self.kubectl("apply", "-f", "-", stdin=text)

    def kubectl(self, *words: str, stdin: str | None = None, check: bool = True) -> str:
        return self.cluster.kubectl("-n", self.namespace, *words, stdin=stdin, check=check)

    def failure(self, *words: str) -> str:
        return self.cluster.failure("-n", self.namespace, *words)

    def words(self, *words: str) -> tuple[str, ...]:
        """The whole command line of a kubectl that runs on."""
        return (self.cluster.kubectl_path, "-n", self.namespace, *words)

    def get(self, *words: str) -> Any:
        return self.cluster.get("-n", self.namespace, *words)

    def status(self, name: str) -> Any:
        return self.get("pod", name)["status"]

    def run(self, name: str, *containers: Obj, seconds: float = 30, **spec: Any) -> Any:
        """Make a pod and wait until all its containers are ready; returns its status."""
        self.apply(pod(name, *containers, **spec))
        return self.wait_ready(name, seconds)

    def wait_ready(self, name: str, seconds: float = 30) -> Any:
        return self.wait(name, lambda status: condition(status, "Ready") == "True", seconds)

    def wait_phase(self, name: str, *phases: str, seconds: float = 30) -> Any:
        return self.wait(name, lambda status: status.get("phase") in phases, seconds)

    def wait(self, name: str, is_true: Callable[[Any], Any], seconds: float = 30) -> Any:
        """Look at a pod until its status is as it should be; returns that."""
        end = time.monotonic() + seconds
        while not is_true(status := self.status(name)):
            assert time.monotonic() < end, f"pod {name} after {seconds:.0f} s: {json.dumps(status, indent=1)}"
            time.sleep(0.1)
        return status

    def exec(self, name: str, script: str) -> str:
        return self.kubectl("exec", name, "--", "sh", "-c", script)

    def events(self, name: str) -> Sequence[Any]:
        """(type, reason, message) of all that was told about a pod."""
        found = self.get("events", "--field-selector", f"involvedObject.name={name}")["items"]
        return [(each["type"], each["reason"], each["message"]) for each in found]


def condition(status: Any, type: str) -> str:
    return next((str(each["status"]) for each in status.get("conditions", ()) if each["type"] == type), "")


def state(status: Any, name: str = "main", which: str = "state") -> tuple[str, Any]:
    """("running" | "waiting" | "terminated", its fields) of a container."""
    for list_name in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for each in status.get(list_name, ()):
            if each["name"] == name:
                return next(iter(each[which].items()), ("", {}))
    return "", {}
