"""Images from a real registry: policies, credentials, mirrors, and a pull that fails before it succeeds."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from tests.e2e.cluster import Cluster
from tests.e2e.pods import Bench, Obj, container, pod, state, until
from tests.e2e.registry import PASSWORD, USER, Registry, registry

from wherry.roles.example_image import example_image


@pytest.fixture(scope="module")
def archive() -> bytes:
    return example_image()


@pytest.fixture(scope="module")
def public(node: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with registry(node, tmp_path_factory.mktemp("public") / "registry", 5000) as made:
        yield made


@pytest.fixture(scope="module")
def private(node: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with registry(node, tmp_path_factory.mktemp("private") / "registry", 5001, is_private=True) as made:
        yield made


def using(image: str, policy: str = "", **fields: str) -> Obj:
    made = {**container(), "image": image, **fields}
    return {**made, "imagePullPolicy": policy} if policy else made


def test_an_image_is_pulled_once_and_then_there(bench: Bench, public: Registry, archive: bytes) -> None:
    image = public.push("plain/hello", "1", archive)
    status = bench.run("first", using(image))
    found = status["containerStatuses"][0]
    assert found["image"] == image
    assert found["imageID"].startswith(f"{public.host}/plain/hello@sha256:")
    told = [message for _, reason, message in bench.events("first") if reason == "Pulled"]
    assert told[0].startswith(f'Successfully pulled image "{image}" in ')
    assert "Image size: " in told[0]
    bench.run("second", using(image))
    told = [message for _, reason, message in bench.events("second") if reason == "Pulled"]
    assert told == [f'Container image "{image}" already present on machine and can be accessed by the pod']
    bench.run("never", using(image, "Never"))
    bench.run("always", using(image, "Always"))
    assert "Pulling" in [reason for _, reason, _ in bench.events("always")]
    by_digest = found["imageID"]
    assert bench.run("digest", using(by_digest))["containerStatuses"][0]["imageID"] == by_digest


def images_of_node(bench: Bench) -> list[str]:
    return [name for each in bench.cluster.get("node", "one")["status"]["images"] for name in each["names"]]


def test_a_pull_that_fails_backs_off_and_recovers(bench: Bench, public: Registry, archive: bytes) -> None:
    early = public.push("early/hello", "1", archive)
    bench.run("early", using(early))
    image = f"{public.host}/late/hello:1"
    bench.apply(pod("late", using(image)))
    waiting = bench.wait("late", lambda status: state(status)[1].get("reason") == "ErrImagePull")
    assert state(waiting)[1]["message"].startswith("failed to pull")
    assert "not found" in state(waiting)[1]["message"]
    waiting = bench.wait("late", lambda status: state(status)[1].get("reason") == "ImagePullBackOff")
    assert state(waiting)[1]["message"].startswith(f'Back-off pulling image "{image}": ErrImagePull: ')
    public.push("late/hello", "1", archive)
    bench.wait_ready("late", 30)
    told = {(kind, reason) for kind, reason, _ in bench.events("late")}
    assert {("Normal", "Pulling"), ("Warning", "Failed"), ("Normal", "BackOff"), ("Normal", "Pulled")} <= told
    until(lambda: early in images_of_node(bench), what="the first image in the node's status")


def test_private_images_need_a_pull_secret(bench: Bench, private: Registry, archive: bytes) -> None:
    image = private.push("vault/hello", "1", archive)
    bench.apply(pod("stranger", using(image)))
    waiting = bench.wait("stranger", lambda status: state(status)[1].get("reason") == "ErrImagePull")
    assert "authorization" in state(waiting)[1]["message"] or "401" in state(waiting)[1]["message"]
    options = (f"--docker-server={private.host}", f"--docker-username={USER}", f"--docker-password={PASSWORD}")
    bench.kubectl("create", "secret", "docker-registry", "pull", *options)
    bench.run("friend", using(image, "Always"), imagePullSecrets=[{"name": "pull"}])
    patch = json.dumps({"imagePullSecrets": [{"name": "pull"}]})
    bench.kubectl("patch", "serviceaccount", "default", "-p", patch)
    bench.run("by-account", using(image, "Always"))
    assert bench.get("pod", "by-account")["spec"]["imagePullSecrets"] == [{"name": "pull"}]
    bench.apply(pod("forgetful", using(image, "Always"), imagePullSecrets=[{"name": "lost"}]))
    until(lambda: "FailedToRetrieveImagePullSecret" in [reason for _, reason, _ in bench.events("forgetful")])


def test_a_mirror_stands_in_for_another_registry(bench: Bench, public: Registry, archive: bytes) -> None:
    public.push("mirrored/hello", "2", archive)
    folder = bench.cluster.state / "agent/certs.d/images.example"
    folder.mkdir(parents=True)
    (folder / "hosts.toml").write_text(
        f'server = "https://images.example"\n[host."http://{public.host}"]\ncapabilities = ["pull", "resolve"]\n'
    )
    image = "images.example/mirrored/hello:2"
    assert bench.run("mirrored", using(image))["containerStatuses"][0]["image"] == image
