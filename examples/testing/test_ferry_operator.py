"""Replicas of an operator in kubebuilder's manner as they run: over HTTPS, one leading, whatever goes wrong."""

import threading

import pytest

kubernetes = pytest.importorskip("kubernetes")
pytestmark = pytest.mark.wherry(manifests=["lanterns.yaml"])

OPERATORS = "kubernetes-super-admin"
"""Whoever comes by the kubeconfig. The test's own client is somebody else, and is met by no fault for these."""


@pytest.fixture
def start(wherry_cluster, wherry_kubeconfig):
    from ferry_operator import Replica

    replicas, threads = [], []

    def begin(name):
        api_client = kubernetes.config.new_client_from_config(str(wherry_kubeconfig))
        replica = Replica(api_client, name)
        thread = threading.Thread(target=replica.run)
        thread.start()
        replicas.append(replica)
        threads.append((thread, api_client))
        wherry_cluster.wait("lease/ferry", "create")
        return replica

    yield begin
    for replica in replicas:
        replica.is_over.set()
    for thread, api_client in threads:
        thread.join()
        api_client.close()


def lantern(name, colour):
    return {"apiVersion": "example.com/v1", "kind": "Lantern", "metadata": {"name": name}, "spec": {"colour": colour}}


def is_painted(colour):
    return f"jsonpath={{.status.colour}}={colour}"


def test_what_is_wanted_comes_true_and_goes_again(wherry_cluster, start):
    replica = start("one")
    wherry_cluster.apply(lantern("l", "red"))
    wherry_cluster.wait("lantern/l", is_painted("red"))
    wherry_cluster.apply(lantern("l", "green"))
    wherry_cluster.wait("cm/l-colour", "jsonpath={.data.colour}=green")
    wherry_cluster.wait("lantern/l", is_painted("green"))
    wherry_cluster.client().delete("lantern/l")
    wherry_cluster.wait("lantern/l", "delete")
    wherry_cluster.wait("cm/l-colour", "delete")
    assert replica.cleaned == ["l"]


def test_another_replica_takes_over(wherry_cluster, start):
    first, second = start("one"), start("two")
    wherry_cluster.wait("lease/ferry", "jsonpath={.spec.holderIdentity}=one")
    wherry_cluster.apply(lantern("l", "red"))
    wherry_cluster.wait("lantern/l", is_painted("red"))
    assert (first.leads, second.leads) == (True, False)
    first.is_over.set()
    wherry_cluster.wait("lease/ferry", "jsonpath={.spec.holderIdentity}=two")
    wherry_cluster.apply(lantern("m", "blue"))
    wherry_cluster.wait("lantern/m", is_painted("blue"))


def test_it_comes_to_the_same_end_whatever_goes_wrong(wherry_cluster, start):
    start("one")
    wherry_cluster.conflict_next("update", "lanterns", user=OPERATORS, times=2)
    wherry_cluster.fail_next("create", "cm", status=503, user=OPERATORS, times=2)
    wherry_cluster.faults.lose_reply("create", "cm", user=OPERATORS)
    wherry_cluster.apply(lantern("l", "red"))
    wherry_cluster.wait("lantern/l", is_painted("red"))
    wherry_cluster.faults.drop_watches("lanterns")
    wherry_cluster.apply(lantern("l", "green"))
    wherry_cluster.wait("lantern/l", is_painted("green"))
    wherry_cluster.restart()
    wherry_cluster.apply(lantern("l", "blue"))
    wherry_cluster.wait("lantern/l", is_painted("blue"))
    assert len(wherry_cluster.history(kind="cm", name="l-colour", verb="create")) == 1
