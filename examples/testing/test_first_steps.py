"""A whole Kubernetes for one test, in milliseconds."""

from pathlib import Path

MANIFEST = Path(__file__).with_name("web.yaml")


def test_a_deployment_becomes_available(wherry_cluster):
    wherry_cluster.apply(MANIFEST)
    wherry_cluster.wait("deployment/web", "Available")

    api = wherry_cluster.client()
    assert len(api.list("pods", label_selector="app=web")) == 3
    [endpoints] = api.list("endpointslices", label_selector="kubernetes.io/service-name=web")
    assert len(endpoints["endpoints"]) == 3


def test_nobody_sees_what_other_tests_did(wherry_cluster):
    assert wherry_cluster.client().list("deployments") == []


def test_a_rollout_never_has_too_few(wherry_cluster):
    wherry_cluster.apply(MANIFEST)
    wherry_cluster.wait("deployment/web", "Available")
    api = wherry_cluster.client()
    with api.watch("deployments") as watch:
        image = [{"name": "web", "image": "example.test/web:2"}]
        api.patch("deploy/web", {"spec": {"template": {"spec": {"containers": image}}}}, type="strategic")
        wherry_cluster.wait("deployment/web", "jsonpath={.status.updatedReplicas}=3")
        seen = watch.take()
    assert seen
    assert all(event.object["status"].get("availableReplicas", 0) >= 2 for event in seen)
