"""Programs that use other people's clients find the cluster by its kubeconfig."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def web(wherry_cluster):
    wherry_cluster.apply(Path(__file__).with_name("web.yaml"))
    wherry_cluster.wait("deployment/web", "Available")


def test_kubernetes(wherry_kubeconfig):
    kubernetes = pytest.importorskip("kubernetes")
    with kubernetes.config.new_client_from_config(str(wherry_kubeconfig)) as client:
        pods = kubernetes.client.CoreV1Api(client).list_namespaced_pod("default").items
    assert [pod.status.phase for pod in pods] == ["Running"] * 3


def test_kr8s(wherry_kubeconfig):
    kr8s = pytest.importorskip("kr8s")
    api = kr8s.api(kubeconfig=str(wherry_kubeconfig))
    assert [pod.status.phase for pod in api.get("pods", namespace="default")] == ["Running"] * 3


def test_lightkube(wherry_kubeconfig):
    lightkube = pytest.importorskip("lightkube")
    resources = pytest.importorskip("lightkube.resources.core_v1")
    client = lightkube.Client(lightkube.KubeConfig.from_file(wherry_kubeconfig).get(), namespace="default")
    assert [pod.status.phase for pod in client.list(resources.Pod)] == ["Running"] * 3
