"""What goes wrong in real clusters, on purpose: conflicts, refusals, slow answers, nodes that are cut off."""

import pytest

from wherry.api.errors import Conflict, ServiceUnavailable


def add_label(api, name):
    """What a program under test may look like: it tries again when somebody else was quicker."""
    while True:
        obj = api.get("configmap", name)
        obj["metadata"].setdefault("labels", {})["seen"] = "yes"
        try:
            return api.update(obj)
        except Conflict:
            continue


@pytest.fixture
def api(wherry_cluster):
    api = wherry_cluster.client()
    api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})
    return api


def test_a_conflict_is_survived(wherry_cluster, api):
    fault = wherry_cluster.conflict_next("update", "configmaps")
    assert add_label(api, "a")["metadata"]["labels"] == {"seen": "yes"}
    assert fault.hits == 1


def test_an_outage_ends(wherry_cluster, api):
    with wherry_cluster.fail_next("*", "configmaps", status=503, times=None), pytest.raises(ServiceUnavailable):
        api.get("cm/a")
    assert api.get("cm/a")


@pytest.mark.wherry(clock="manual")
def test_an_answer_may_come_late(wherry_cluster, api):
    with wherry_cluster.slow("create", "pods", seconds=30, manager="kube-controller-manager"):
        spec = {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}}
        pod = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
        wherry_cluster.apply(
            {
                "apiVersion": "apps/v1",
                "kind": "ReplicaSet",
                "metadata": {"name": "r"},
                "spec": {**spec, "template": pod},
            }
        )
        assert api.list("pods") == []
        wherry_cluster.clock.advance(seconds=31)
        assert len(api.list("pods")) == 1
