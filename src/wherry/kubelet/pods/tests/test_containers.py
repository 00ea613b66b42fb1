"""Container and sandbox configurations."""

from __future__ import annotations

from wherry.kubelet.pods.containers import Prepared, container_config
from wherry.kubelet.pods.names import HASH, container_hash
from wherry.kubelet.pods.tests.cases import make_pod
from wherry.kubelet.runtime.model import Image


def test_a_container_in_full() -> None:
    spec = {
        "terminationGracePeriodSeconds": 7,
        "containers": [
            {
                "name": "app",
                "command": ["run", "$(A)"],
                "args": ["$$(A)"],
                "workingDir": "/w",
                "tty": True,
                "stdin": True,
                "terminationMessagePolicy": "FallbackToLogsOnError",
                "lifecycle": {"stopSignal": "SIGRTMIN+3"},
            }
        ],
    }
    pod = make_pod(spec)
    container = pod.spec.containers[0]
    made = container_config(pod, container, 2, Prepared(Image("sha256:1"), "sha256:1", {"A": "1"}), 1 << 30)
    assert (made.command, made.args, made.working_dir) == (("run", "1"), ("$(A)",), "/w")
    assert (made.attempt, made.log_path, made.tty, made.stdin) == (2, "app/2.log", True, True)
    assert made.env == (("A", "1"),)
    assert made.stop_signal == "SIGRTMINPLUS3"
    assert made.labels == {
        "io.kubernetes.container.name": "app",
        "io.kubernetes.pod.name": "web",
        "io.kubernetes.pod.namespace": "default",
        "io.kubernetes.pod.uid": "u-1",
    }
    assert made.annotations == {
        HASH: container_hash(container),
        "io.kubernetes.container.restartCount": "2",
        "io.kubernetes.container.terminationMessagePath": "/dev/termination-log",
        "io.kubernetes.container.terminationMessagePolicy": "FallbackToLogsOnError",
        "io.kubernetes.pod.terminationGracePeriod": "7",
    }
