"""A controller in kubebuilder's manner: one function from what is wanted to what is there, called for every change."""

import pytest

from wherry.api.errors import Conflict

pytestmark = pytest.mark.wherry(clock="manual", manifests=["lanterns.yaml"])


def reconcile(api, name):
    """A Lantern has a ConfigMap of its colour, and says in its status which it has seen."""
    lantern = api.get("lantern", name)
    owner = {
        "apiVersion": lantern["apiVersion"],
        "kind": lantern["kind"],
        "name": name,
        "uid": lantern["metadata"]["uid"],
        "controller": True,
    }
    api.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"{name}-colour", "ownerReferences": [owner]},
            "data": {"colour": lantern["spec"]["colour"]},
        },
        manager="lantern-controller",
    )
    if lantern.get("status", {}).get("colour") != lantern["spec"]["colour"]:
        api.update({**lantern, "status": {"colour": lantern["spec"]["colour"]}}, subresource="status")


def run(api, watch):
    """Reconcile whatever has changed, until nothing does; a conflict means to look again."""
    names = {}
    while (events := watch.take()) or names:
        names.update({event.object["metadata"]["name"]: None for event in events if event.type != "DELETED"})
        name = next(iter(names))
        try:
            reconcile(api, name)
            del names[name]
        except Conflict:
            continue


@pytest.fixture
def lanterns(wherry_cluster):
    with wherry_cluster.client().watch("lanterns") as watch:
        yield watch


def lantern(colour):
    return {"apiVersion": "example.com/v1", "kind": "Lantern", "metadata": {"name": "l"}, "spec": {"colour": colour}}


def test_what_is_wanted_comes_true(wherry_cluster, lanterns):
    api = wherry_cluster.client()
    for colour in ("red", "green"):
        wherry_cluster.apply(lantern(colour), manager="person")
        run(api, lanterns)
        assert api.get("cm/l-colour")["data"] == {"colour": colour}
        assert api.get("lantern/l")["status"] == {"colour": colour}


def test_it_gets_over_conflicts_and_writes_no_more_than_it_must(wherry_cluster, lanterns):
    wherry_cluster.apply(lantern("red"), manager="person")
    fault = wherry_cluster.conflict_next("update", "lanterns/status", times=2)
    run(wherry_cluster.client(), lanterns)
    assert fault.hits == 2
    assert len(wherry_cluster.history(kind="ConfigMap", name="l-colour")) == 1


def test_what_it_made_goes_with_its_owner(wherry_cluster, lanterns):
    api = wherry_cluster.client()
    wherry_cluster.apply(lantern("red"), manager="person")
    run(api, lanterns)
    api.delete("lantern/l")
    wherry_cluster.wait("cm/l-colour", "delete")
