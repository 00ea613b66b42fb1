"""Plans as a table (`plan.json`), and what no plan may ever do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.kubelet.pods.backoff import CrashBackoff
from wherry.kubelet.pods.names import container_hash
from wherry.kubelet.pods.plan import Known, Plan, plan
from wherry.kubelet.pods.resources import container_resources
from wherry.kubelet.pods.tests.cases import make_pod, make_runtime
from wherry.kubelet.runtime.model import Resources

CASES = json.loads(Path(__file__).with_name("plan.json").read_text())
NOW = 1000.0


def _shown(made: Plan) -> dict[str, Any]:
    """A plan without what is empty."""
    shown = {
        "kill_pod": made.kill_pod,
        "kill": [[each.id, each.message] for each in made.kill],
        "create_sandbox": made.create_sandbox,
        "attempt": made.attempt,
        "start": [[each.name, each.kind.value, each.attempt] for each in made.start],
        "resize": [each.id for each in made.resize],
        "wait": [each.name for each in made.wait],
        "prune": list(made.prune),
    }
    return {key: value for key, value in shown.items() if value}


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_plan(case: dict[str, Any]) -> None:
    pod = make_pod(case.get("spec"), metadata=case.get("metadata", {}))
    made = plan(pod, make_runtime(pod, case["runtime"]), Known(), NOW)
    expected = {key: value for key, value in case["plan"].items() if value}
    assert _shown(made) == expected


def test_a_crashing_container_waits_for_its_back_off() -> None:
    pod = make_pod()
    runtime = make_runtime(
        pod, {"sandbox": "ready", "containers": [{"name": "app", "state": "exited", "finished": 995}]}
    )
    crash = CrashBackoff()
    crash.count(f"app/{container_hash(pod.spec.containers[0])}", 990, 990)
    made = plan(pod, runtime, Known(crash=crash), NOW)
    assert not made.start
    assert [(each.name, each.delay, each.until) for each in made.wait] == [("app", 10.0, 1005.0)]
    assert made.wake_at == 1005.0
    assert plan(pod, runtime, Known(crash=crash), 1005.0).start


def test_a_resize_is_carried_out_in_place() -> None:
    pod = make_pod({"containers": [{"name": "app", "resources": {"limits": {"cpu": "50m"}}}]})
    runtime = make_runtime(pod, {"sandbox": "ready", "containers": [{"name": "app", "state": "running"}]})
    wanted = container_resources(pod, pod.spec.containers[0], 1 << 30)
    known = Known(applied={"app-0": Resources(cpu_shares=102)}, wanted={"app": wanted})
    assert [(each.id, each.resources) for each in plan(pod, runtime, known, NOW).resize] == [("app-0", wanted)]
    restarting = Known(applied=known.applied, wanted=known.wanted, restart_on_resize=frozenset({"app"}))
    assert plan(pod, runtime, restarting, NOW).kill


states = st.sampled_from(["created", "running", "exited", "unknown"])
runs = st.builds(
    lambda name, state, code, attempt: {"name": name, "state": state, "exit": code, "attempt": attempt},
    st.sampled_from(["a", "b", "i", "s"]),
    states,
    st.integers(0, 2),
    st.integers(0, 3),
)


@given(
    policy=st.sampled_from(["Always", "OnFailure", "Never"]),
    containers=st.lists(runs, max_size=6, unique_by=lambda each: (each["name"], each["attempt"])),
    sandbox=st.sampled_from(["", "ready", "gone"]),
)
def test_no_plan_starts_what_runs_or_runs_ahead(policy: str, containers: list[dict[str, Any]], sandbox: str) -> None:
    spec = {
        "restartPolicy": policy,
        "initContainers": [{"name": "s", "restartPolicy": "Always"}, {"name": "i"}],
        "containers": [{"name": "a"}, {"name": "b"}],
    }
    pod = make_pod(spec)
    runtime = make_runtime(pod, {"sandbox": sandbox, "containers": containers})
    made = plan(pod, runtime, Known(), NOW)
    started = [each.name for each in made.start]
    assert len(started) == len(set(started))
    killed = {each.name for each in made.kill}
    if not made.create_sandbox:
        running = {each.name for each in map(runtime.latest, "absi") if each is not None and each.is_running}
        assert not set(started) & running - killed
    if {"a", "b"} & set(started) and not any(runtime.latest(name) for name in "ab"):
        passed = runtime.latest("i")
        assert passed is not None
        assert passed.is_exited
        assert passed.exit_code == 0
    if made.kill_pod and not made.create_sandbox:
        assert not started
