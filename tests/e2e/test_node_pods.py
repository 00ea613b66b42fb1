"""What a pod may ask of its node, on real containers: order, limits, rights, files, ports, and how it ends."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.pods import IMAGE, STAY, Bench, Obj, condition, container, pod, state, until

SHARED = {"name": "shared", "emptyDir": {}}
AT_SHARED = [{"name": "shared", "mountPath": "/shared"}]


def test_init_and_sidecar_containers_come_in_order(bench: Bench) -> None:
    note = "echo {} >> /shared/order"
    bench.apply(
        pod(
            "ordered",
            container(f"{note.format('main')}; sleep 1; cat /shared/order", volumeMounts=AT_SHARED),
            initContainers=[
                container(f"{note.format('first')}; sleep 0.5", "first", volumeMounts=AT_SHARED),
                container(f"{note.format('sidecar')}; {STAY}", "side", restartPolicy="Always", volumeMounts=AT_SHARED),
                container(f"sleep 0.5; {note.format('second')}", "second", volumeMounts=AT_SHARED),
            ],
            volumes=[SHARED],
            restartPolicy="Never",
        )
    )
    waiting = bench.wait("ordered", lambda status: "running" in state(status, "first"))
    assert condition(waiting, "Initialized") == "False"
    assert state(waiting) == ("waiting", {"reason": "PodInitializing"})
    status = bench.wait_phase("ordered", "Succeeded")
    assert bench.kubectl("logs", "ordered", "-c", "main") == "first\nsidecar\nsecond\nmain\n"
    assert state(status)[1]["reason"] == "Completed"
    assert state(status, "side")[0] == "terminated"
    assert condition(status, "Initialized") == "True"
    assert "Completed" in bench.kubectl("get", "pod", "ordered")


def test_a_failed_init_container_ends_a_pod_that_is_not_restarted(bench: Bench) -> None:
    bench.apply(pod("doomed", initContainers=[container("exit 9", "first")], restartPolicy="Never"))
    status = bench.wait_phase("doomed", "Failed")
    assert state(status, "first")[1]["exitCode"] == 9
    assert "Init:Error" in bench.kubectl("get", "pod", "doomed")


def test_what_fails_is_restarted_with_patience(bench: Bench) -> None:
    bench.apply(pod("crash", container("echo trying; exit 3")))
    status = bench.wait("crash", lambda each: state(each)[1].get("reason") == "CrashLoopBackOff")
    assert state(status)[1]["message"].startswith("back-off 10s restarting failed container=main pod=crash_")
    assert state(status, which="lastState")[1]["exitCode"] == 3
    assert status["phase"] == "Running"
    bench.apply(
        pod(
            "twice",
            container("test -e /shared/x || { touch /shared/x; exit 1; }", volumeMounts=AT_SHARED),
            volumes=[SHARED],
            restartPolicy="OnFailure",
        )
    )
    status = bench.wait_phase("twice", "Succeeded")
    assert status["containerStatuses"][0]["restartCount"] == 1


def job(name: str, script: str, policy: str = "Never", **spec: Any) -> Obj:
    template = {"spec": {**pod("unused", container(script))["spec"], "restartPolicy": policy}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": template, **spec},
    }


def test_jobs_run_to_their_end(bench: Bench) -> None:
    bench.apply(
        job("three", "echo done", completions=3, parallelism=2),
        job("indexed", "echo index $JOB_COMPLETION_INDEX", completions=2, parallelism=2, completionMode="Indexed"),
        job("hopeless", "exit 1", backoffLimit=0),
    )
    bench.kubectl("wait", "--for=condition=Complete", "job/three", "job/indexed", "--timeout=30s")
    assert bench.get("job", "three")["status"]["succeeded"] == 3
    assert bench.get("job", "indexed")["status"]["completedIndexes"] == "0,1"
    logs = bench.kubectl("logs", "-l", "job-name=indexed")
    assert sorted(logs.splitlines()) == ["index 0", "index 1"]
    bench.kubectl("wait", "--for=condition=Failed", "job/hopeless", "--timeout=30s")
    failed = bench.get("job", "hopeless")["status"]["conditions"]
    assert "BackoffLimitExceeded" in [each["reason"] for each in failed]


def test_a_daemon_set_puts_its_pod_on_the_node(bench: Bench) -> None:
    template = {"metadata": {"labels": {"app": "daemon"}}, "spec": pod("unused")["spec"]}
    selector = {"matchLabels": {"app": "daemon"}}
    bench.apply(
        {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {"name": "daemon"},
            "spec": {"selector": selector, "template": template},
        }
    )
    bench.kubectl("rollout", "status", "daemonset/daemon", "--timeout=30s")
    found = bench.get("pods", "-l", "app=daemon")["items"]
    assert [each["spec"]["nodeName"] for each in found] == ["one"]


def test_a_container_has_the_rights_it_was_given(bench: Bench) -> None:
    script = "id -u; id -g; id -G; stat -c '%g %a' /shared; touch /shared/mine && stat -c %g /shared/mine; "
    script += "touch /no 2>&1; grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status"
    narrow = {
        "runAsUser": 1000,
        "runAsGroup": 2000,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    wide = {"privileged": True}
    added = {"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}
    bench.apply(
        pod(
            "rights",
            container(script, "narrow", securityContext=narrow, volumeMounts=AT_SHARED),
            container("grep CapEff /proc/self/status; ls /dev | grep -c loop", "wide", securityContext=wide),
            container("grep CapEff /proc/self/status", "added", securityContext=added),
            volumes=[SHARED],
            securityContext={"fsGroup": 3000, "supplementalGroups": [4000]},
            restartPolicy="Never",
        )
    )
    bench.wait_phase("rights", "Succeeded")
    lines = bench.kubectl("logs", "rights", "-c", "narrow").splitlines()
    assert lines[:2] == ["1000", "2000"]
    assert {"3000", "4000"} <= set(lines[2].split())
    assert lines[3] == "3000 2777"
    assert lines[4] == "3000"
    assert lines[5] == "touch: /no: Read-only file system"
    assert [line.split()[1] for line in lines[6:]] == ["0000000000000000", "1", "2"]
    wide_lines = bench.kubectl("logs", "rights", "-c", "wide").splitlines()
    assert int(wide_lines[0].split()[1], 16) > 0x1000000000
    assert bench.kubectl("logs", "rights", "-c", "added").split()[1] == "0000000000000400"


def test_root_is_refused_where_it_must_not_be(bench: Bench) -> None:
    bench.apply(pod("root", container(securityContext={"runAsNonRoot": True})))
    status = bench.wait("root", lambda each: state(each)[1].get("reason") == "CreateContainerConfigError")
    assert state(status)[1]["message"].startswith("container has runAsNonRoot and image will run as root")


def test_limits_are_the_kernels(bench: Bench) -> None:
    limits = {"requests": {"cpu": "100m", "memory": "16Mi"}, "limits": {"cpu": "200m", "memory": "32Mi"}}
    files = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/cpu/cpu.cfs_quota_us"
    unified = "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max"
    bench.apply(
        pod("limited", container(STAY, resources=limits)),
        pod("greedy", container("sleep 0.5; tail /dev/zero", resources=limits), restartPolicy="Never"),
    )
    bench.wait_ready("limited")
    shown = bench.exec("limited", f"{files} 2>/dev/null || {unified}")
    assert shown.split()[:2] == [str(32 << 20), "20000"]
    assert bench.get("pod", "limited")["status"]["qosClass"] == "Burstable"
    status = bench.wait_phase("greedy", "Failed")
    assert (state(status)[1]["reason"], state(status)[1]["exitCode"]) == ("OOMKilled", 137)


def test_last_words(bench: Bench) -> None:
    words = "echo said > /dev/termination-log; echo logged; exit 1"
    fallback = {"terminationMessagePolicy": "FallbackToLogsOnError"}
    bench.apply(
        pod("words", container(words), container("echo logged; exit 1", "log", **fallback), restartPolicy="Never")
    )
    status = bench.wait_phase("words", "Failed")
    assert state(status)[1]["message"] == "said\n"
    assert state(status, "log")[1]["message"] == "logged\n"


def test_a_pod_ends_in_order(bench: Bench, tmp_path: Path) -> None:
    hook = {"preStop": {"exec": {"command": ["sh", "-c", "echo hook >> /host/order; sleep 0.3"]}}}
    start = {"postStart": {"exec": {"command": ["sh", "-c", "echo started >> /host/order"]}}}
    mounts = [{"name": "host", "mountPath": "/host"}]
    script = "trap 'echo asked >> /host/order; exit 0' TERM; sleep 1000 & wait"
    volumes = [{"name": "host", "hostPath": {"path": str(tmp_path), "type": "Directory"}}]
    polite = container(script, lifecycle={**hook, **start}, volumeMounts=mounts)
    bench.run("polite", polite, volumes=volumes, terminationGracePeriodSeconds=10)
    bench.run("stubborn", container("trap '' TERM; while true; do sleep 1; done"), terminationGracePeriodSeconds=1)
    bench.kubectl("delete", "pod", "polite", "stubborn")
    assert (tmp_path / "order").read_text() == "started\nhook\nasked\n"
    assert "Killing" in [reason for _, reason, _ in bench.events("polite")]


def test_a_pod_out_of_time_is_failed(bench: Bench) -> None:
    bench.apply(pod("slow", activeDeadlineSeconds=1))
    status = bench.wait_phase("slow", "Failed")
    assert status["reason"] == "DeadlineExceeded"


def test_the_token_of_a_pod_names_the_pod(bench: Bench) -> None:
    bench.run("caller")
    folder = "/var/run/secrets/kubernetes.io/serviceaccount"
    assert bench.exec("caller", f"cat {folder}/namespace") == bench.namespace
    assert bench.exec("caller", f"head -1 {folder}/ca.crt") == "-----BEGIN CERTIFICATE-----\n"
    token = bench.exec("caller", f"cat {folder}/token")
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
    answer = json.loads(bench.kubectl("create", "-o", "json", "-f", "-", stdin=json.dumps(review)))["status"]
    assert answer["authenticated"] is True
    assert answer["user"]["username"] == f"system:serviceaccount:{bench.namespace}:default"
    assert answer["user"]["extra"]["authentication.kubernetes.io/pod-name"] == ["caller"]
    assert answer["user"]["extra"]["authentication.kubernetes.io/node-name"] == ["one"]
    bench.kubectl("delete", "pod", "caller")
    answer = json.loads(bench.kubectl("create", "-o", "json", "-f", "-", stdin=json.dumps(review)))["status"]
    assert "authenticated" not in answer or answer["authenticated"] is False


def test_files_and_variables_of_a_pod(bench: Bench) -> None:
    bench.kubectl("create", "configmap", "settings", "--from-literal=color=red", "--from-literal=shape=round")
    bench.kubectl("create", "secret", "generic", "hidden", "--from-literal=word=hush")
    mounts = [
        {"name": "settings", "mountPath": "/settings"},
        {"name": "settings", "mountPath": "/one/color", "subPath": "color"},
        {"name": "secret", "mountPath": "/secret", "readOnly": True},
        {"name": "down", "mountPath": "/down"},
        {"name": "scratch", "mountPath": "/deep", "subPathExpr": "$(NAME)/inner"},
    ]
    environment = [
        {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "COLOR", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "color"}}},
        {"name": "GREETING", "value": "I am $(NAME)"},
    ]
    items = [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]
    status = bench.run(
        "files",
        container(STAY, volumeMounts=mounts, env=environment, envFrom=[{"secretRef": {"name": "hidden"}}]),
        metadata={"labels": {"tier": "low"}},
        volumes=[
            {"name": "settings", "configMap": {"name": "settings"}},
            {"name": "secret", "secret": {"secretName": "hidden", "defaultMode": 0o400}},
            {"name": "down", "downwardAPI": {"items": items}},
            {"name": "scratch", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
        ],
    )
    shown = bench.exec("files", 'echo "$GREETING, $COLOR, $word, $IP"; cat /secret/word; stat -Lc %a /secret/word')
    assert shown == f"I am files, red, hush, {status['podIP']}\nhush400\n"
    assert bench.exec("files", "cat /down/labels") == 'tier="low"'
    assert "tmpfs" in bench.exec("files", "grep ' /deep ' /proc/mounts")
    bench.kubectl("patch", "configmap", "settings", "-p", '{"data":{"color":"blue"}}')
    bench.kubectl("label", "pod", "files", "tier=high", "--overwrite")
    until(lambda: bench.exec("files", "cat /settings/color") == "blue", 20, "the update of a mounted ConfigMap")
    until(lambda: bench.exec("files", "cat /down/labels") == 'tier="high"', 20, "the update of a mounted label")
    assert bench.exec("files", "cat /one/color") == "red"


def test_what_is_missing_is_waited_for(bench: Bench) -> None:
    wants = [{"configMapRef": {"name": "later"}}]
    bench.apply(
        pod("env", container('echo "$key"', envFrom=wants), restartPolicy="Never"),
        pod(
            "volume",
            container(volumeMounts=[{"name": "x", "mountPath": "/x"}]),
            volumes=[{"name": "x", "configMap": {"name": "later"}}],
        ),
    )
    status = bench.wait("env", lambda each: state(each)[1].get("reason") == "CreateContainerConfigError")
    assert state(status)[1]["message"] == 'configmap "later" not found'
    until(lambda: "FailedMount" in [reason for _, reason, _ in bench.events("volume")])
    bench.kubectl("create", "configmap", "later", "--from-literal=key=value")
    bench.wait_phase("env", "Succeeded")
    assert bench.kubectl("logs", "env") == "value\n"
    bench.wait_ready("volume")


def test_ports_of_the_host(bench: Bench) -> None:
    web = container("httpd -f -p 8080 -h /var/www", ports=[{"containerPort": 8080, "hostPort": 18081}])
    direct = container("httpd -f -p 18082 -h /var/www", "direct", ports=[{"containerPort": 18082}])
    bench.run("mapped", web)
    status = bench.run("direct", direct, hostNetwork=True)
    assert status["podIP"] == status["hostIP"] == "198.51.100.2"
    for address in ("127.0.0.1:18081", "198.51.100.2:18081", "127.0.0.1:18082"):
        fetched = bench.cluster.run("busybox", "wget", "-q", "-O", "-", f"http://{address}/")
        assert fetched.stdout == "Hello from Wherry\n"
    bench.apply(pod("rival", {**web, "name": "rival"}))
    until(lambda: any("didn't have free ports" in text for _, _, text in bench.events("rival")))


TERMS = [{"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}]


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"nodeSelector": {"disk": "ssd"}}, id="selector"),
        pytest.param(
            {
                "affinity": {
                    "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": TERMS}}
                }
            },
            id="affinity",
        ),
    ],
)
def test_the_node_refuses_what_does_not_belong_on_it(bench: Bench, spec: Obj) -> None:
    bench.apply(pod("stray", nodeName="one", **spec))
    status = bench.wait_phase("stray", "Failed")
    assert status["reason"] == "NodeAffinity"
    assert status["message"].startswith("Pod was rejected: Predicate NodeAffinity failed")


def test_a_debugger_joins_a_running_container(bench: Bench) -> None:
    bench.run("patient")
    bench.kubectl(
        "debug", "patient", f"--image={IMAGE}", "--target=main", "-c", "doctor", "--", "sh", "-c", "ps; exit 0"
    )
    bench.wait("patient", lambda status: state(status, "doctor")[0] == "terminated")
    assert "sleep 1000" in bench.kubectl("logs", "patient", "-c", "doctor")


def test_the_node_as_people_see_it(bench: Bench) -> None:
    bench.run("shown", container(resources={"requests": {"cpu": "150m"}}))
    wide = bench.kubectl("get", "node", "one", "-o", "wide").splitlines()[1].split()
    assert wide[1:3] == ["Ready", "<none>"]
    assert "198.51.100.2" in wide
    assert wide[-1].startswith("containerd://")
    described = bench.kubectl("describe", "node", "one")
    for word in ("KubeletReady", "KubeletHasSufficientMemory", "PodCIDR:", "Allocated resources:", "shown"):
        assert word in described
    assert any("150m" in line for line in described.splitlines() if " shown " in line)


def sized(cpu: str, limit: str) -> Obj:
    return {"requests": {"cpu": cpu, "memory": "16Mi"}, "limits": {"cpu": limit, "memory": "64Mi"}}


def resize(bench: Bench, name: str, resources: Obj) -> None:
    patch = {"spec": {"containers": [{"name": "main", "resources": resources}]}}
    bench.kubectl("patch", "pod", name, "--subresource", "resize", "-p", json.dumps(patch))


def shows(bench: Bench, name: str, script: str, wanted: str) -> bool:
    return bench.exec(name, script) == wanted


def test_a_pod_is_resized_in_place(bench: Bench) -> None:
    quota = "cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null || cut -d' ' -f1 /sys/fs/cgroup/cpu.max"
    before = bench.run("growing", container(resources=sized("100m", "200m")))
    for request, limit in (("150m", "300m"), ("50m", "100m")):
        resize(bench, "growing", sized(request, limit))
        wanted = f"{limit[:-1]}00\n"
        until(partial(shows, bench, "growing", quota, wanted), what=f"a limit of {limit}")
        status = bench.wait("growing", lambda status: not condition(status, "PodResizeInProgress"))
        found = status["containerStatuses"][0]
        assert found["resources"] == sized(request, limit)
        assert found["allocatedResources"] == sized(request, limit)["requests"]
        assert found["containerID"] == before["containerStatuses"][0]["containerID"]
    reasons = [reason for _, reason, _ in bench.events("growing")]
    assert {"ResizeStarted", "ResizeCompleted"} <= set(reasons)


def test_a_resize_that_does_not_fit_waits(bench: Bench) -> None:
    bench.run("small", container(resources=sized("100m", "8")))
    resize(bench, "small", sized("7", "8"))
    status = bench.wait("small", lambda status: condition(status, "PodResizePending") == "True")
    pending = next(each for each in status["conditions"] if each["type"] == "PodResizePending")
    assert pending["reason"] == "Infeasible"
    assert pending["message"].startswith("Node didn't have enough capacity: cpu, requested: 7000, capacity: ")
    assert status["containerStatuses"][0]["allocatedResources"]["cpu"] == "100m"
    resize(bench, "small", sized("100m", "8"))
    bench.wait("small", lambda status: not condition(status, "PodResizePending"))
    cores = int(bench.cluster.get("node", "one")["status"]["allocatable"]["cpu"])
    bench.run("big", container(resources=sized(f"{cores * 1000 - 500}m", "8")))
    resize(bench, "small", sized("1", "8"))
    status = bench.wait("small", lambda status: "Deferred" in json.dumps(status["conditions"]))
    bench.kubectl("delete", "pod", "big")
    status = bench.wait("small", lambda status: not condition(status, "PodResizePending"))
    assert status["containerStatuses"][0]["allocatedResources"]["cpu"] == "1"


def test_a_resize_may_ask_for_a_restart(bench: Bench) -> None:
    policy = [{"resourceName": "memory", "restartPolicy": "RestartContainer"}]
    bench.run("picky", container(resources=sized("100m", "200m"), resizePolicy=policy))
    resize(bench, "picky", sized("150m", "300m"))
    bench.wait("picky", lambda status: status["containerStatuses"][0]["resources"] == sized("150m", "300m"))
    assert bench.status("picky")["containerStatuses"][0]["restartCount"] == 0
    resize(bench, "picky", {"limits": {"memory": "96Mi"}})
    status = bench.wait("picky", lambda status: status["containerStatuses"][0]["restartCount"] == 1)
    assert status["containerStatuses"][0]["resources"]["limits"]["memory"] == "96Mi"
