"""`pykube-ng`: the small client, with what it takes for granted of lists, tables and merge patches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.e2e.clients import DEPLOYMENT, SLIPS, config, configmap, defined, eventually, need
from tests.e2e.cluster import Cluster

pytestmark = SLIPS


@pytest.fixture
def api(control_plane: Cluster) -> Any:
    pykube = need("pykube")
    return pykube.HTTPClient(pykube.KubeConfig.from_file(config(control_plane)))


def label(obj: Any) -> None:
    obj.labels["tier"] = "front"
    obj.update()


def patiently(do: Callable[[], None], obj: Any) -> None:
    """`do`, which sends the whole object with its resourceVersion, until no controller was quicker."""

    def attempt() -> bool:
        obj.reload()
        try:
            do()
        except need("pykube").exceptions.HTTPError as error:
            assert error.code == 409
            return False
        return True

    eventually(attempt)


def test_objects(api: Any, namespace: str) -> None:
    pykube = need("pykube")
    obj = {**DEPLOYMENT, "metadata": {"name": "web", "namespace": namespace}}
    deployment = pykube.Deployment(api, obj)
    assert not deployment.exists()
    deployment.create()
    patiently(lambda: deployment.scale(3), deployment)
    pods = pykube.Pod.objects(api).filter(namespace=namespace, selector={"app": "web"})
    eventually(lambda: len(list(pods.iterator())) == 3)
    patiently(lambda: label(deployment), deployment)
    assert pykube.Deployment.objects(api, namespace=namespace).get(name="web").labels == {"tier": "front"}
    table = pykube.Deployment.objects(api, namespace=namespace).as_table()
    assert [column["name"] for column in table.columns][:3] == ["Name", "Ready", "Up-to-date"]
    assert table.rows[0]["cells"][0] == "web"
    deployment.delete(propagation_policy="Foreground")
    eventually(lambda: not deployment.exists())
    with pytest.raises(pykube.exceptions.ObjectDoesNotExist):
        pykube.Deployment.objects(api, namespace=namespace).get_by_name("web")


def test_watches(api: Any, namespace: str) -> None:
    pykube = need("pykube")
    made = pykube.ConfigMap(api, {**configmap(a="1"), "metadata": {"name": "c", "namespace": namespace}})
    made.create()
    made.patch({"data": {"a": "2"}})
    seen = []
    for event in (
        pykube.ConfigMap.objects(api, namespace=namespace).filter(field_selector={"metadata.name": "c"}).watch()
    ):
        seen.append((event.type, event.object.obj["data"]["a"]))
        if event.type == "DELETED":
            break
        made.delete()
    assert seen == [("ADDED", "2"), ("DELETED", "2")]


def test_custom_kinds(api: Any, control_plane: Cluster, namespace: str) -> None:
    pykube = need("pykube")
    with defined(control_plane, f"{namespace}.example.com") as kind:
        widgets = pykube.object_factory(api, kind.api_version, kind.kind)
        obj = kind.object(size=1)
        obj["metadata"]["namespace"] = namespace
        widget = widgets(api, obj)
        widget.create()
        widget.patch({"status": {"phase": "Done"}}, subresource="status")
        widget.patch({"spec": {"color": "red"}})
        found = widgets.objects(api, namespace=namespace).get(name="w")
        assert (found.obj["spec"], found.obj["status"]) == ({"size": 1, "color": "red"}, {"phase": "Done"})
        with pytest.raises(pykube.exceptions.HTTPError) as invalid:
            widget.patch({"spec": {"size": 0}})
        assert invalid.value.code == 422
        widget.delete()
