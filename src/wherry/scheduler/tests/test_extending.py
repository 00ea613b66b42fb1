"""Extenders over HTTP: what they leave, how they rate, whom they evict, and what happens when they are away."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wherry.api.core.pod import PODS
from wherry.identity.ca import make_authority, make_leaf
from wherry.identity.pair import Pair
from wherry.identity.profiles import Profile, Usage
from wherry.scheduler.configuration import Configuration, ExtenderSettings, TlsSettings
from wherry.scheduler.tests.remote import Remote, extended, until_asked
from wherry.scheduler.tests.scene import scene
from wherry.transport.messages import Request, Response
from wherry.transport.server import Server
from wherry.transport.tls import server_context


def names(body: Any) -> list[str]:
    return [one["metadata"]["name"] for one in body["Nodes"]["items"]]


async def test_it_leaves_some_nodes() -> None:
    remote = Remote(filter=lambda body: {"Nodes": {"items": [body["Nodes"]["items"][1]]}, "FailedNodes": {}})
    async with extended(remote) as on:
        await on.node("n1")
        await on.node("n2")
        await on.pod("web")
        await until_asked(on, remote)
        verb, body = remote.asked[0]
        assert (verb, names(body), body["Pod"]["metadata"]["name"]) == ("filter", ["n1", "n2"], "web")
        assert await on.home("web") == "n2"


async def test_one_that_knows_the_nodes_is_told_names() -> None:
    remote = Remote(filter=lambda body: {"nodenames": ["n1"]})
    async with extended(remote, has_nodes=True) as on:
        await on.node("n1")
        await on.node("n2")
        await on.pod("web")
        await until_asked(on, remote)
        assert remote.asked[0][1]["NodeNames"] == ["n1", "n2"]
        assert await on.home("web") == "n1"


async def test_what_it_says_of_nodes_is_told() -> None:
    remote = Remote(filter=lambda body: {"nodenames": [], "failedAndUnresolvableNodes": {"n1": "no licence"}})
    async with extended(remote, has_nodes=True) as on:
        await on.node("n1")
        await on.node("tainted", taints=[{"key": "x", "effect": "NoSchedule"}])
        await on.pod("web")
        await until_asked(on, remote)
        assert await on.why("web") == (
            "0/2 nodes are available: 1 no licence, 1 node(s) had untolerated taint(s). "
            "no new claims to deallocate, "
            "preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling."
        )


async def test_its_ratings_count() -> None:
    remote = Remote(prioritize=lambda body: [{"host": "n1", "score": 0}, {"host": "n2", "score": 10}])
    async with extended(remote, has_nodes=True, weight=5) as on:
        await on.node("n1")
        await on.node("n2")
        await on.node("n3")
        await on.pod("web")
        await until_asked(on, remote)
        assert await on.home("web") == "n2"


async def test_it_binds() -> None:
    remote = Remote(bind=lambda body: {"error": ""})
    async with extended(remote) as on:
        await on.node("n1")
        await on.pod("web")
        await until_asked(on, remote)
        uid = (await on.get("web"))["metadata"]["uid"]
        assert remote.asked[0][1] == {"PodName": "web", "PodNamespace": "default", "PodUID": uid, "Node": "n1"}
        assert await on.home("web") == ""
        assert ("Scheduled", "Successfully assigned default/web to n1") in await on.events("web")


async def test_it_is_asked_only_about_what_it_manages() -> None:
    remote = Remote(filter=lambda body: {"nodenames": []})
    async with extended(remote, has_nodes=True, resources=frozenset(("example.com/gpu",))) as on:
        await on.node("n1")
        await on.pod("web")
        assert (await on.home("web"), remote.asked) == ("n1", [])


@pytest.mark.parametrize(
    ("answer", "message"),
    [(500, "failed filter with extender at URL {url}/filter, code 500"), ({"error": "full"}, "full")],
    ids=["status", "error"],
)
async def test_one_that_fails_fails_the_pod(answer: Any, message: str) -> None:
    remote = Remote(filter=lambda body: answer)
    async with extended(remote, has_nodes=True) as on:
        await on.node("n1")
        await on.pod("web")
        await until_asked(on, remote)
        url = on.scheduler._consultants._extenders[0].settings.url
        assert await on.events("web") == [("FailedScheduling", message.format(url=url))]


async def test_one_that_is_ignorable_is_passed_over() -> None:
    remote = Remote(filter=lambda body: 500)
    async with extended(remote, has_nodes=True, is_ignorable=True) as on:
        await on.node("n1")
        await on.pod("web")
        await until_asked(on, remote)
        assert await on.home("web") == "n1"


async def test_it_chooses_among_victims() -> None:
    def spare_n1(body: Any) -> Any:
        victims = body["NodeNameToMetaVictims"]
        return {"NodeNameToMetaVictims": {name: said for name, said in victims.items() if name != "n1"}}

    remote = Remote(preempt=spare_n1)
    async with extended(remote, has_nodes=True, resources=frozenset(("cpu",))) as on:
        await on.node("n1", cpu="1")
        await on.pod("first", cpu="1")
        await until_asked(on, remote, 0)
        await on.node("n2", cpu="1")
        await on.pod("second", cpu="1", priority=5)
        await until_asked(on, remote, 0)
        for name in ("first", "second"):
            await on.client.patch(PODS, name, {"status": {"phase": "Running"}}, "default", subresource="status")
        await on.pod("high", cpu="1", priority=1000)
        await until_asked(on, remote)
        assert (await on.get("high"))["status"]["nominatedNodeName"] == "n2"
        assert "deletionTimestamp" in (await on.get("second"))["metadata"]
        assert "deletionTimestamp" not in (await on.get("first"))["metadata"]


async def test_no_rating_is_asked_for_a_single_node() -> None:
    remote = Remote(prioritize=lambda body: [])
    async with extended(remote, has_nodes=True, weight=1) as on:
        await on.node("n1")
        await on.pod("web")
        await until_asked(on, remote, 0)
        assert (await on.home("web"), remote.asked) == ("n1", [])


async def test_a_rating_that_fails_is_no_opinion() -> None:
    remote = Remote(prioritize=lambda body: 500)
    async with extended(remote, has_nodes=True, weight=1) as on:
        await on.node("n1")
        await on.node("n2")
        await on.pod("web")
        await until_asked(on, remote)
        assert await on.home("web")


async def test_answers_are_read_in_any_case() -> None:
    def elsewhere(body: Any) -> Any:
        (victim,) = body["NodeNameToVictims"]["n1"]["Pods"]
        said = {"pods": [{"uid": victim["metadata"]["uid"]}], "numPdbViolations": 0}
        return {"nodeNameToMetaVictims": {"n1": said}}

    remote = Remote(preempt=elsewhere)
    async with extended(remote, resources=frozenset(("cpu",))) as on:
        await on.node("n1", cpu="1")
        await on.pod("low", cpu="1")
        await until_asked(on, remote, 0)
        await on.running("low")
        await on.pod("high", cpu="1", priority=1000)
        await until_asked(on, remote)
        assert (await on.get("high"))["status"]["nominatedNodeName"] == "n1"


async def test_it_may_name_other_victims() -> None:
    uids: dict[str, str] = {}

    def two(body: Any) -> Any:
        return {"NodeNameToMetaVictims": {"n1": {"Pods": [{"UID": uid} for uid in uids.values()]}}}

    remote = Remote(preempt=two)
    async with extended(remote, has_nodes=True) as on:
        await on.node("n1", cpu="2")
        for name in ("a", "b"):
            await on.pod(name, cpu="1")
            await until_asked(on, remote, 0)
            await on.running(name)
            uids[name] = (await on.get(name))["metadata"]["uid"]
        await on.pod("high", cpu="1", priority=1000)
        await until_asked(on, remote)
        for name in uids:
            assert "deletionTimestamp" in (await on.get(name))["metadata"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"n9": {"Pods": []}}, 'nodeinfo not found for node name "n9"'),
        ({"n1": {"Pods": []}}, 'expected at least one victim pod on node "n1"'),
        ({"n1": {"Pods": [{"UID": "u"}]}}, "pod (UID: u) on node: n1, but the pod is not found on that node"),
    ],
    ids=["a node that there is not", "nobody", "a Pod that is not there"],
)
async def test_victims_that_cannot_be(said: Any, why: str) -> None:
    remote = Remote(preempt=lambda body: {"NodeNameToMetaVictims": said})
    async with extended(remote, has_nodes=True) as on:
        await on.node("n1", cpu="1")
        await on.pod("low", cpu="1")
        await until_asked(on, remote, 0)
        await on.pod("high", cpu="1", priority=1000)
        await until_asked(on, remote)
        assert why in await on.why("high")


async def test_victims_that_it_does_not_name_are_passed_over_if_it_may_be_ignored() -> None:
    remote = Remote(preempt=lambda body: {"NodeNameToMetaVictims": {"n1": {"Pods": []}}})
    async with extended(remote, has_nodes=True, is_ignorable=True) as on:
        await on.node("n1", cpu="1")
        await on.pod("low", cpu="1")
        await until_asked(on, remote, 0)
        await on.pod("high", cpu="1", priority=1000)
        await until_asked(on, remote)
        assert "no candidate node for preemption" in await on.why("high")
        assert "deletionTimestamp" not in (await on.get("low"))["metadata"]


async def test_nodes_that_it_drops_without_a_word_are_not_evicted_from() -> None:
    remote = Remote(filter=lambda body: {"NodeNames": []})
    async with extended(remote, has_nodes=True, resources=frozenset(("memory",))) as on:
        await on.node("n1", cpu="1")
        await on.pod("low", cpu="500m")
        container = {"name": "c", "image": "app:1", "resources": {"requests": {"memory": "1Mi"}}}
        await on.pod("high", priority=10, containers=[container])
        await until_asked(on, remote)
        assert "1 Preemption is not helpful for scheduling" in await on.why("high")


class Secrets:
    """An authority, a server that it vouches for, and who may call it."""

    def __init__(self, folder: Path) -> None:
        self.authority = self._authority(folder, "ca")
        self.stranger = self._authority(folder, "stranger")
        names = ("extender.example",)
        self.server = self._leaf(folder, "server", Profile("extender", (), (Usage.SERVER,), names, ("127.0.0.1",)))
        self.client = self._leaf(folder, "client", Profile("scheduler"))

    def _authority(self, folder: Path, name: str) -> Pair:
        pair = Pair(folder / f"{name}.crt", folder / f"{name}.key")
        make_authority(pair, name, time.time(), 3600)
        return pair

    def _leaf(self, folder: Path, name: str, profile: Profile) -> Pair:
        pair = Pair(folder / f"{name}.crt", folder / f"{name}.key")
        make_leaf(self.authority, pair, profile, time.time(), 3600)
        return pair


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Secrets:
    return Secrets(tmp_path_factory.mktemp("secrets"))


def by_file(secrets: Secrets) -> TlsSettings:
    client = secrets.client
    return TlsSettings(
        ca_file=str(secrets.authority.certificate), cert_file=str(client.certificate), key_file=str(client.key)
    )


def by_data(secrets: Secrets) -> TlsSettings:
    certificate, key = secrets.client.read()
    return TlsSettings(ca_data=secrets.authority.certificate.read_bytes(), cert_data=certificate, key_data=key)


async def securely(secrets: Secrets, tls: TlsSettings | None, **settings: Any) -> tuple[str, str, bytes | None]:
    """What became of a Pod: its node, why it has none, and whom the extender saw."""
    seen: list[bytes | None] = []

    def answer(request: Request) -> Response:
        seen.append(request.peer.certificate)
        return Response(200, b'{"NodeNames": ["n1"]}')

    server = Server(answer)
    context = server_context(secrets.server.certificate, secrets.server.key, secrets.authority.certificate)
    await server.start(tls=context)
    extender = ExtenderSettings(
        url=f"https://127.0.0.1:{server.port}", filter_verb="filter", has_nodes=True, tls=tls, **settings
    )
    try:
        async with scene(Configuration(extenders=(extender,))) as on:
            await on.node("n1")
            await on.pod("web")
            for _ in range(100):
                await on.settle()
                if await on.home("web") or await on.why("web"):
                    break
                await asyncio.sleep(0.005)
            return await on.home("web"), await on.why("web"), seen[0] if seen else None
    finally:
        await server.stop(0)


@pytest.mark.parametrize("tls", [by_file, by_data])
async def test_both_sides_prove_who_they_are(secrets: Secrets, tls: Callable[[Secrets], TlsSettings]) -> None:
    home, _, seen = await securely(secrets, tls(secrets))
    assert home == "n1"
    assert seen == ssl.PEM_cert_to_DER_cert(secrets.client.certificate.read_text())


async def test_without_a_certificate_it_is_nobody(secrets: Secrets) -> None:
    home, _, seen = await securely(secrets, TlsSettings(ca_file=str(secrets.authority.certificate)))
    assert (home, seen) == ("n1", None)


async def test_half_a_certificate_is_none(secrets: Secrets) -> None:
    tls = TlsSettings(ca_file=str(secrets.authority.certificate), cert_file=str(secrets.client.certificate))
    home, _, seen = await securely(secrets, tls)
    assert (home, seen) == ("n1", None)


@pytest.mark.parametrize(
    "tls",
    [
        pytest.param(lambda secrets: TlsSettings(ca_file=str(secrets.stranger.certificate)), id="another authority"),
        pytest.param(lambda secrets: TlsSettings(), id="the machine's authorities"),
        pytest.param(
            lambda secrets: TlsSettings(ca_file=str(secrets.authority.certificate), server_name="other.example"),
            id="another name",
        ),
        pytest.param(lambda secrets: TlsSettings(ca_file="/nowhere/ca.crt"), id="no such file"),
    ],
)
async def test_who_does_not_prove_it_is_not_asked(secrets: Secrets, tls: Callable[[Secrets], TlsSettings]) -> None:
    home, why, seen = await securely(secrets, tls(secrets))
    assert (home, seen) == ("", None)
    assert why.startswith('Post "https://127.0.0.1:')


@pytest.mark.parametrize(
    ("tls", "is_https"),
    [
        pytest.param(TlsSettings(insecure=True), False, id="told to"),
        pytest.param(None, True, id="enableHTTPS without an authority"),
        pytest.param(TlsSettings(), True, id="the same, with other settings"),
    ],
)
async def test_it_is_not_asked_to_prove_it(secrets: Secrets, tls: TlsSettings | None, is_https: bool) -> None:
    home, _, _ = await securely(secrets, tls, is_https=is_https)
    assert home == "n1"


async def test_the_name_may_be_another_than_in_the_address(secrets: Secrets) -> None:
    tls = TlsSettings(ca_file=str(secrets.authority.certificate), server_name="extender.example")
    assert (await securely(secrets, tls))[0] == "n1"
