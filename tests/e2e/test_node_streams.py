"""logs, exec, attach, port-forward and cp, by both kubectls and by clients that know WebSockets alone."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time
from pathlib import Path

import pytest
from tests.e2e.cluster import KUBECTLS, Cluster
from tests.e2e.pods import Bench, container, until

TALK = "trap 'echo ended; exit 0' TERM; i=0; while true; do echo line $i; i=$((i+1)); sleep 0.1; done"
ECHO = 'echo begun; while read line; do echo "heard $line"; done; echo over'


@pytest.fixture(scope="module")
def talker(module_bench: Bench) -> Bench:
    """A pod of a container that talks, one that listens, and a web server."""
    module_bench.run(
        "talker",
        container(TALK, "talk"),
        container(ECHO, "listen", stdin=True, stdinOnce=False),
        container("httpd -f -p 8080 -h /var/www", "web", ports=[{"containerPort": 8080}]),
    )
    return module_bench


@pytest.fixture(params=KUBECTLS or ["none"])
def each(request: pytest.FixtureRequest, talker: Bench) -> Bench:
    """The same pod as each kubectl sees it."""
    return Bench(talker.cluster.with_kubectl(KUBECTLS[request.param]), talker.namespace)


def test_logs_are_cut_as_asked(each: Bench) -> None:
    until(lambda: len(each.kubectl("logs", "talker", "-c", "talk").splitlines()) > 12)
    assert each.kubectl("logs", "talker", "-c", "talk").startswith("line 0\nline 1\n")
    assert len(each.kubectl("logs", "talker", "-c", "talk", "--tail=3").splitlines()) == 3
    assert each.kubectl("logs", "talker", "-c", "talk", "--limit-bytes=10") == "line 0\nlin"
    recent = each.kubectl("logs", "talker", "-c", "talk", "--since=1s").splitlines()
    assert 5 <= len(recent) <= 20
    stamped = each.kubectl("logs", "talker", "-c", "talk", "--timestamps", "--tail=1")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z line \d+\n", stamped)
    everyone = each.kubectl("logs", "talker", "--all-containers", "--prefix", "--tail=1")
    assert {line.split("]")[0].rsplit("/", 1)[1] for line in everyone.splitlines()} >= {"talk", "listen"}
    assert "Defaulted container" in each.cluster.run(*each.words("logs", "talker", "--tail=1")).stderr


def test_logs_refuse_what_is_not_there(each: Bench) -> None:
    assert "container nobody is not valid for pod talker" in each.failure("logs", "talker", "-c", "nobody")
    message = each.failure("logs", "talker", "-c", "talk", "--previous")
    assert 'previous terminated container "talk" in pod "talker" not found' in message


def test_logs_are_followed_until_the_end(bench: Bench) -> None:
    bench.run("short", container("echo one; sleep 1; echo two; sleep 0.5; echo three; exit 4"), restartPolicy="Never")
    assert bench.kubectl("logs", "-f", "short") == "one\ntwo\nthree\n"
    bench.run(
        "again",
        container(
            "echo run; test -e /tmp/x/done && exec sleep 1000; touch /tmp/x/done; exit 1",
            volumeMounts=[{"name": "x", "mountPath": "/tmp/x"}],
        ),
        volumes=[{"name": "x", "emptyDir": {}}],
    )
    bench.wait("again", lambda status: status["containerStatuses"][0]["restartCount"] == 1)
    assert bench.kubectl("logs", "again", "--previous") == "run\n"


def test_exec_passes_streams_and_the_exit_code(each: Bench) -> None:
    words = each.words("exec", "-i", "talker", "-c", "talk", "--", "sh", "-c", "cat; echo oops >&2; exit 42")
    done = each.cluster.run(*words, stdin="a\nb\n", check=False)
    assert (done.stdout, done.returncode) == ("a\nb\n", 42)
    assert done.stderr.startswith("oops\n")
    big = each.cluster.run(*each.words("exec", "talker", "-c", "talk", "--", "seq", "1", "200000"))
    assert big.stdout.splitlines()[-1] == "200000"
    gone = each.failure("exec", "talker", "-c", "talk", "--", "/no/such/program")
    assert "no such file or directory" in gone


def test_exec_on_a_terminal(each: Bench) -> None:
    screen = on_terminal(
        each.cluster,
        each.words("exec", "-it", "talker", "-c", "talk", "--", "sh"),
        [
            (b"# ", b"tty; stty size\n"),
            (b"24 80", b"exit 5\n"),
        ],
    )
    assert b"/dev/pts/" in screen.output
    assert screen.code == 5


def test_attach_speaks_with_the_container(each: Bench) -> None:
    attached = each.cluster.start(*each.words("attach", "-i", "talker", "-c", "listen"), stdin=-1, stdout=-1, stderr=-1)
    assert attached.stdin is not None
    assert attached.stdout is not None
    try:
        # What is written before the streams are joined is kept, so there is nothing to wait for.
        attached.stdin.write("you\n")
        attached.stdin.flush()
        assert attached.stdout.readline() == "heard you\n"
    finally:
        attached.kill()
        attached.communicate(timeout=10)


def test_port_forward_again_and_again(each: Bench) -> None:
    forward = each.cluster.start(*each.words("port-forward", "pod/talker", ":8080"), stdout=-1, stderr=-1)
    assert forward.stdout is not None
    try:
        port = forward.stdout.readline().split("127.0.0.1:")[1].split(" ")[0]
        for _ in range(3):
            fetched = each.cluster.run("busybox", "wget", "-q", "-O", "-", f"http://127.0.0.1:{port}/")
            assert fetched.stdout == "Hello from Wherry\n"
    finally:
        forward.terminate()
        forward.communicate(timeout=10)


def test_cp_takes_trees_both_ways(each: Bench, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "deep").mkdir(parents=True)
    (tree / "deep/data").write_bytes(bytes(range(256)) * 4096)
    each.kubectl("cp", str(tree), "talker:/tmp/tree", "-c", "talk")
    each.kubectl("cp", "talker:/tmp/tree", str(tmp_path / "back"), "-c", "talk")
    assert (tmp_path / "back/deep/data").read_bytes() == (tree / "deep/data").read_bytes()
    each.kubectl("exec", "talker", "-c", "talk", "--", "rm", "-r", "/tmp/tree")


PYTHON_CLIENT = """
import sys
import termios
from kubernetes import client, config
from kubernetes.stream import stream
config.load_kube_config()
api = client.CoreV1Api()
name, namespace = "talker", sys.argv[1]
common = dict(container="talk", stderr=True, stdout=True, tty=False)
run = api.connect_get_namespaced_pod_exec
print(stream(run, name, namespace, command=["echo", "plain"], stdin=False, **common), end="")
talk = stream(run, name, namespace,
              command=["sh", "-c", "read a; echo got $a; exit 3"], stdin=True, _preload_content=False, **common)
talk.write_stdin("word\\n")
while talk.is_open():
    talk.update(timeout=1)
print(talk.read_stdout(), end="")
print(talk.returncode)
"""


def test_the_python_client_speaks_web_sockets(talker: Bench) -> None:
    done = talker.cluster.run(sys.executable, "-c", PYTHON_CLIENT, talker.namespace)
    assert done.stdout == "plain\ngot word\n3\n"


def test_v5_web_sockets_are_granted(talker: Bench) -> None:
    """kubectl asks for v5 and needs no second try where there is no stdin to end."""
    words = talker.words("exec", "-v=7", "talker", "-c", "talk", "--", "echo", "hey")
    done = talker.cluster.with_kubectl(KUBECTLS["1.37"]).run(KUBECTLS["1.37"], *words[1:])
    assert done.stdout == "hey\n"
    assert "fallback" not in done.stderr


class Screen:
    """What a command showed on its terminal, and how it ended."""

    def __init__(self) -> None:
        self.output = b""
        self.code = -1


def on_terminal(cluster: Cluster, command: tuple[str, ...], talk: list[tuple[bytes, bytes]]) -> Screen:
    """Run a command on a terminal of its own, answering each thing that is waited for."""
    master, slave = pty.openpty()

    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = cluster.start(*command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    screen = Screen()
    seen = 0
    end = time.monotonic() + 20
    try:
        while time.monotonic() < end:
            if talk and talk[0][0] in screen.output[seen:]:
                seen = len(screen.output)
                os.write(master, talk.pop(0)[1])
            if not select.select([master], [], [], 0.2)[0]:
                continue
            try:
                data = os.read(master, 4096)
            except OSError:
                break
            if not data:
                break
            screen.output += data
        screen.code = process.wait(timeout=5)
    finally:
        process.kill()
        os.close(master)
    return screen
