"""A runner of tasks, as Airflow and Dask have them: a Pod for each, watched until it ends, its log read, then gone."""

import pytest

pytestmark = [pytest.mark.wherry(nodes=2), pytest.mark.filterwarnings("ignore")]


class Failed(Exception):
    """A task that did not succeed; its log is the message."""


def run_task(api, watch, name, annotations):
    """Run one task and return its log; never leave a Pod behind."""
    container = {"name": "task", "image": "example.test/task"}
    body = {
        "metadata": {"name": name, "labels": {"task": name}, "annotations": annotations},
        "spec": {"restartPolicy": "Never", "containers": [container]},
    }
    api.create_namespaced_pod("default", body)
    try:
        for event in watch.stream(
            api.list_namespaced_pod, "default", label_selector=f"task={name}", timeout_seconds=20
        ):
            phase = event["object"].status.phase
            if phase in ("Succeeded", "Failed"):
                break
        log = api.read_namespaced_pod_log(name, "default")
        if phase != "Succeeded":
            raise Failed(log)
        return log
    finally:
        api.delete_namespaced_pod(name, "default", grace_period_seconds=0)


@pytest.fixture
def kubernetes(wherry_kubeconfig):
    return pytest.importorskip("kubernetes")


@pytest.fixture
def core(kubernetes, wherry_kubeconfig):
    with kubernetes.config.new_client_from_config(str(wherry_kubeconfig)) as client:
        yield kubernetes.client.CoreV1Api(client)


def test_tasks_run_and_leave_nothing(wherry_cluster, kubernetes, core):
    said = {"simulate.wherry.dev/run-time": "50ms", "simulate.wherry.dev/logs": "42"}
    for name in ("one", "two"):
        assert run_task(core, kubernetes.watch.Watch(), name, said).strip() == "42"
    wherry_cluster.wait("pods", "delete")


def test_a_task_that_fails_says_why(wherry_cluster, kubernetes, core):
    said = {
        "simulate.wherry.dev/run-time": "50ms",
        "simulate.wherry.dev/exit-code": "1",
        "simulate.wherry.dev/logs": "no such table",
    }
    with pytest.raises(Failed, match="no such table"):
        run_task(core, kubernetes.watch.Watch(), "bad", said)
    wherry_cluster.wait("pods", "delete")
