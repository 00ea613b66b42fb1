"""The official client, `kubernetes`: typed, dynamic, for custom kinds, and what it builds on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.clients import DEPLOYMENT, POD, SLIPS, config, configmap, defined, eventually, need
from tests.e2e.cluster import Cluster

pytestmark = SLIPS


@pytest.fixture
def official(control_plane: Cluster) -> Iterator[Any]:
    kubernetes = need("kubernetes")
    client = kubernetes.config.new_client_from_config(config_file=config(control_plane))
    yield client
    client.close()


def test_official_objects(official: Any, namespace: str) -> None:
    kubernetes = need("kubernetes")
    core, apps = kubernetes.client.CoreV1Api(official), kubernetes.client.AppsV1Api(official)
    made = apps.create_namespaced_deployment(namespace, DEPLOYMENT)
    assert made.metadata.uid and made.status.replicas is None
    made.spec.replicas, made.metadata.resource_version = 3, None
    assert apps.replace_namespaced_deployment("web", namespace, made).metadata.generation >= 2
    eventually(lambda: len(core.list_namespaced_pod(namespace, label_selector="app=web").items) == 3)
    assert apps.read_namespaced_deployment_scale("web", namespace).spec.replicas == 3
    apps.patch_namespaced_deployment_scale("web", namespace, {"spec": {"replicas": 1}})
    eventually(lambda: len(core.list_namespaced_pod(namespace, label_selector="app=web").items) == 1)
    page = core.list_namespaced_config_map("kube-system", limit=1)
    assert len(page.items) == 1
    status = apps.delete_namespaced_deployment("web", namespace, propagation_policy="Foreground")
    assert status is not None
    eventually(lambda: not core.list_namespaced_pod(namespace, label_selector="app=web").items)


def test_official_pods_have_what_clients_read(official: Any, namespace: str) -> None:
    kubernetes = need("kubernetes")
    core = kubernetes.client.CoreV1Api(official)
    pod = core.create_namespaced_pod(namespace, POD)
    assert (pod.status.phase, pod.status.qos_class, pod.spec.service_account_name) == (
        "Pending",
        "BestEffort",
        "default",
    )
    events = eventually(
        lambda: core.list_namespaced_event(namespace, field_selector="involvedObject.name=p,type=Warning").items
    )
    assert (events[0].reason, events[0].source.component) == ("FailedScheduling", "default-scheduler")
    deleted = core.delete_namespaced_pod("p", namespace)
    assert deleted.metadata.name == "p"


PATCHES = [
    pytest.param("application/json-patch+json", [{"op": "add", "path": "/data/b", "value": "2"}], id="json"),
    pytest.param("application/merge-patch+json", {"data": {"b": "2"}}, id="merge"),
    pytest.param("application/strategic-merge-patch+json", {"data": {"b": "2"}}, id="strategic"),
]


@pytest.mark.parametrize(("content_type", "body"), PATCHES)
def test_official_patches(official: Any, namespace: str, content_type: str, body: Any) -> None:
    kubernetes = need("kubernetes")
    core = kubernetes.client.CoreV1Api(official)
    core.create_namespaced_config_map(namespace, {"metadata": {"name": "c"}, "data": {"a": "1"}})
    patched = core.patch_namespaced_config_map("c", namespace, body, _content_type=content_type)
    assert patched.data == {"a": "1", "b": "2"}


def test_official_watch(official: Any, namespace: str) -> None:
    kubernetes = need("kubernetes")
    core = kubernetes.client.CoreV1Api(official)
    since = core.list_namespaced_config_map(namespace).metadata.resource_version
    core.create_namespaced_config_map(namespace, {"metadata": {"name": "c", "labels": {"mine": "yes"}}})
    core.patch_namespaced_config_map("c", namespace, {"data": {"a": "1"}})
    core.delete_namespaced_config_map("c", namespace)
    watch, seen = kubernetes.watch.Watch(), []
    for event in watch.stream(
        core.list_namespaced_config_map, namespace, resource_version=since, label_selector="mine", timeout_seconds=20
    ):
        seen.append((event["type"], event["object"].data))
        if event["type"] == "DELETED":
            watch.stop()
    assert seen == [("ADDED", None), ("MODIFIED", {"a": "1"}), ("DELETED", {"a": "1"})]


def test_official_errors(official: Any, namespace: str) -> None:
    kubernetes = need("kubernetes")
    core = kubernetes.client.CoreV1Api(official)
    with pytest.raises(kubernetes.client.ApiException) as missing:
        core.read_namespaced_pod("nope", namespace)
    assert (missing.value.status, missing.value.reason) == (404, "Not Found")
    assert '"reason":"NotFound"' in missing.value.body
    with pytest.raises(kubernetes.client.ApiException) as invalid:
        core.create_namespaced_pod(namespace, {"metadata": {"name": "p"}, "spec": {"containers": []}})
    assert invalid.value.status == 422
    assert '"field":"spec.containers"' in invalid.value.body


def test_official_finds_kinds_by_itself(official: Any, namespace: str, tmp_path: Path) -> None:
    kubernetes = need("kubernetes")
    dynamic = need("kubernetes.dynamic").DynamicClient(official, cache_file=str(tmp_path / "cache"))
    configmaps = dynamic.resources.get(api_version="v1", kind="ConfigMap")
    configmaps.create(body={"metadata": {"name": "c"}, "data": {"a": "1"}}, namespace=namespace)
    assert configmaps.get(name="c", namespace=namespace).data.a == "1"
    assert dynamic.resources.get(api_version="apps/v1", kind="Deployment").subresources
    need("kubernetes.utils").create_from_dict(official, DEPLOYMENT, namespace=namespace)
    assert kubernetes.client.VersionApi(official).get_code().minor == "37"


def test_official_server_side_apply(official: Any, namespace: str) -> None:
    kubernetes = need("kubernetes")
    apps = kubernetes.client.AppsV1Api(official)
    apply = {"_content_type": "application/apply-patch+yaml"}
    made = apps.patch_namespaced_deployment("web", namespace, DEPLOYMENT, field_manager="one", **apply)
    assert [(entry.manager, entry.operation) for entry in made.metadata.managed_fields] == [("one", "Apply")]
    three = {**DEPLOYMENT, "spec": {**DEPLOYMENT["spec"], "replicas": 3}}
    with pytest.raises(kubernetes.client.ApiException) as conflict:
        apps.patch_namespaced_deployment("web", namespace, three, field_manager="two", **apply)
    assert conflict.value.status == 409
    assert 'conflict with \\"one\\": .spec.replicas' in conflict.value.body
    taken = apps.patch_namespaced_deployment("web", namespace, three, field_manager="two", force=True, **apply)
    assert taken.spec.replicas == 3
    without = {**DEPLOYMENT, "metadata": {"name": "web", "labels": {"tier": "front"}}}
    without["spec"] = {key: value for key, value in DEPLOYMENT["spec"].items() if key != "replicas"}
    again = apps.patch_namespaced_deployment("web", namespace, without, field_manager="one", **apply)
    assert (again.spec.replicas, again.metadata.labels) == (3, {"tier": "front"})
    dry = apps.patch_namespaced_deployment(
        "web", namespace, {**without, "metadata": {"name": "web"}}, field_manager="one", dry_run="All", **apply
    )
    assert dry.metadata.labels is None
    assert apps.read_namespaced_deployment("web", namespace).metadata.labels == {"tier": "front"}


def test_official_chunks(official: Any, namespace: str) -> None:
    kubernetes = need("kubernetes")
    core = kubernetes.client.CoreV1Api(official)
    names = [f"c{index}" for index in range(5)]
    for name in names:
        core.create_namespaced_config_map(namespace, configmap(name, {"mine": "yes"}))
    found, token = [], None
    while True:
        page = core.list_namespaced_config_map(namespace, label_selector="mine", limit=2, _continue=token)
        found.append([item.metadata.name for item in page.items])
        token = page.metadata._continue
        if not token:
            break
        assert page.metadata.remaining_item_count is None, "nobody counts what a selector leaves over"
    assert found == [["c0", "c1"], ["c2", "c3"], ["c4"]]
    assert core.list_namespaced_config_map(namespace, limit=1).metadata.remaining_item_count >= 4
    core.delete_collection_namespaced_config_map(namespace, label_selector="mine")
    assert not core.list_namespaced_config_map(namespace, label_selector="mine").items


def test_official_watch_goes_on_from_a_resource_version_and_ends_in_time(official: Any, namespace: str) -> None:
    kubernetes = need("kubernetes")
    core = kubernetes.client.CoreV1Api(official)
    first = core.create_namespaced_config_map(namespace, configmap("first", {"mine": "yes"}))
    core.create_namespaced_config_map(namespace, configmap("second", {"mine": "yes"}))
    watch = kubernetes.watch.Watch()
    selected = {"label_selector": "mine", "timeout_seconds": 1}
    since = first.metadata.resource_version
    stream = watch.stream(core.list_namespaced_config_map, namespace, resource_version=since, **selected)
    assert [(event["type"], event["object"].metadata.name) for event in stream] == [("ADDED", "second")]


def test_official_custom_objects(official: Any, control_plane: Cluster, namespace: str) -> None:
    kubernetes = need("kubernetes")
    custom = kubernetes.client.CustomObjectsApi(official)
    with defined(control_plane, f"{namespace}.example.com") as kind:
        where = (kind.group, kind.version, namespace, kind.plural)
        made = custom.create_namespaced_custom_object(*where, kind.object(size=1))
        assert (made["spec"], made["metadata"]["generation"]) == ({"size": 1, "color": "blue"}, 1)
        with pytest.raises(kubernetes.client.ApiException) as invalid:
            custom.create_namespaced_custom_object(*where, kind.object("bad", size=0))
        assert (invalid.value.status, "spec.size" in invalid.value.body) == (422, True)
        with pytest.raises(kubernetes.client.ApiException) as unset:
            custom.get_namespaced_custom_object_scale(*where, "w")
        assert unset.value.status == 500
        patched = custom.patch_namespaced_custom_object(*where, "w", {"spec": {"replicas": 2}})
        assert patched["spec"]["replicas"] == 2
        scale = custom.get_namespaced_custom_object_scale(*where, "w")
        scale["spec"]["replicas"] = 3
        assert custom.replace_namespaced_custom_object_scale(*where, "w", scale)["spec"] == {"replicas": 3}
        status = custom.patch_namespaced_custom_object_status(*where, "w", {"status": {"phase": "Done"}})
        assert (status["status"], status["spec"]["replicas"]) == ({"phase": "Done"}, 3)
        assert custom.get_namespaced_custom_object_status(*where, "w")["status"] == {"phase": "Done"}
        found = custom.list_namespaced_custom_object(*where, field_selector="metadata.name=w")
        assert [item["metadata"]["name"] for item in found["items"]] == ["w"]
        everywhere = custom.list_cluster_custom_object(kind.group, kind.version, kind.plural)
        assert len(everywhere["items"]) == 1
        assert custom.delete_namespaced_custom_object(*where, "w")["status"] == "Success"


def test_official_creates_from_yaml(official: Any, namespace: str, tmp_path: Path) -> None:
    kubernetes = need("kubernetes")
    utils = need("kubernetes.utils")
    several = tmp_path / "several.yaml"
    several.write_text(
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: one}}\n"
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n"
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny}\nspec: {podSelector: {}}\n"
    )
    made = utils.create_from_yaml(official, str(several), namespace=namespace)
    assert [type(found[0]).__name__ for found in made] == ["V1ConfigMap", "V1Service", "V1NetworkPolicy"]
    assert made[1][0].spec.cluster_ip
    with pytest.raises(utils.FailToCreateError) as again:
        utils.create_from_yaml(official, str(several), namespace=namespace)
    assert [error.status for error in again.value.api_exceptions] == [409, 409, 409]
    assert kubernetes.client.CoreV1Api(official).read_namespaced_config_map("one", namespace).data is None


def test_official_dynamic_client(official: Any, control_plane: Cluster, namespace: str, tmp_path: Path) -> None:
    dynamic = need("kubernetes.dynamic").DynamicClient(official, cache_file=str(tmp_path / "cache"))
    with defined(control_plane, f"{namespace}.example.com") as kind:
        dynamic.resources.invalidate_cache()
        widgets = dynamic.resources.get(api_version=kind.api_version, kind=kind.kind)
        assert dynamic.resources.get(api_version=kind.api_version, short_names=["wd"]).name == kind.plural
        parts = [{"name": "a", "size": 1}]
        applied = widgets.server_side_apply(
            body=kind.object(size=1, parts=parts), namespace=namespace, field_manager="one"
        )
        widgets.server_side_apply(body=kind.object(parts=[{"name": "b"}]), namespace=namespace, field_manager="two")
        mine = widgets.server_side_apply(body=kind.object(size=2), namespace=namespace, field_manager="one")
        assert [part.name for part in mine.spec.parts] == ["b"]
        since = applied.metadata.resourceVersion
        seen = [
            (event["type"], event["raw_object"]["spec"]["size"])
            for event in widgets.watch(namespace=namespace, resource_version=since, timeout=1)
        ]
        assert seen == [("MODIFIED", 1), ("MODIFIED", 2)]
        fresh = widgets.watch(
            namespace=namespace,
            timeout=1,
            send_initial_events=True,
            allow_watch_bookmarks=True,
            resource_version_match="NotOlderThan",
        )
        assert [event["type"] for event in fresh][:2] == ["ADDED", "BOOKMARK"]
        patch = {"content_type": "application/merge-patch+json", "namespace": namespace}
        assert widgets.status.patch(name="w", body={"status": {"phase": "Done"}}, **patch).status.phase == "Done"
        assert widgets.scale.patch(name="w", body={"spec": {"replicas": 4}}, **patch).spec.replicas == 4
        widgets.delete(name="w", namespace=namespace, propagation_policy="Background")
        assert widgets.get(namespace=namespace).items == []


def test_official_informer(official: Any, namespace: str) -> None:
    kubernetes = need("kubernetes")
    informers = need("kubernetes.informer")
    core = kubernetes.client.CoreV1Api(official)
    core.create_namespaced_config_map(namespace, configmap("before", {"mine": "yes"}))
    informer = informers.SharedInformer(
        list_func=core.list_namespaced_config_map, namespace=namespace, label_selector="mine"
    )
    seen: list[tuple[str, str]] = []
    for kind in (informers.ADDED, informers.MODIFIED, informers.DELETED):
        informer.add_event_handler(kind, lambda obj, kind=kind: seen.append((kind, obj.metadata.name)))
    informer.start()
    try:
        eventually(lambda: ("ADDED", "before") in seen)
        core.create_namespaced_config_map(namespace, configmap("after", {"mine": "yes"}))
        core.delete_namespaced_config_map("before", namespace)
        eventually(lambda: ("ADDED", "after") in seen and ("DELETED", "before") in seen)
        assert [obj.metadata.name for obj in informer.cache.list()] == ["after"]
    finally:
        informer.stop()


def test_official_leader_election(official: Any, namespace: str) -> None:
    """Two candidates with the library's own Lease lock: one leads, the other takes over when it is gone."""
    kubernetes = need("kubernetes")
    elections = need("kubernetes.leaderelection.leaderelection")
    locks = need("kubernetes.leaderelection.resourcelock.leaselock")
    settings = need("kubernetes.leaderelection.electionconfig")
    coordination = kubernetes.client.CoordinationV1Api(official)

    def lock(identity: str) -> Any:
        made = locks.LeaseLock("lock", namespace, identity)
        made.api_instance = coordination
        return made

    def candidate(identity: str) -> Any:
        times = {"lease_duration": 2, "renew_deadline": 1.5, "retry_period": 1}
        return elections.LeaderElection(
            settings.Config(lock(identity), **times, onstarted_leading=print, onstopped_leading=None)
        )

    one, two = candidate("one"), candidate("two")
    assert one.try_acquire_or_renew() is True
    assert two.try_acquire_or_renew() is False
    assert one.try_acquire_or_renew() is True
    assert coordination.read_namespaced_lease("lock", namespace).spec.holder_identity == "one"
    assert two.try_acquire_or_renew() is False
    eventually(two.try_acquire_or_renew)
    taken = coordination.read_namespaced_lease("lock", namespace).spec
    assert taken.holder_identity == "two"
    stale = lock("one")
    assert stale.get("lock", namespace)[0]
    two.try_acquire_or_renew()
    assert not stale.update("lock", namespace, stale.get_lock_object(stale.lease_reference))
