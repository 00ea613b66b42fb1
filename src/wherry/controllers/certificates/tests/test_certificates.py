"""From a request to a certificate, through the API, with and without a person in between."""

from __future__ import annotations

import random
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from wherry.api.certificates.certificatesigningrequest import CERTIFICATESIGNINGREQUESTS
from wherry.api.core.node import NODES
from wherry.apiserver.attributes import User
from wherry.apiserver.reviews.tests.world import World
from wherry.controllers.certificates import approver, signer
from wherry.identity import certificates
from wherry.identity.der import decode_pem, read_certificate
from wherry.identity.pki import Pki, open_pki
from wherry.identity.profiles import Profile, ServerNames, node_client, node_server
from wherry.identity.signers import API_SERVER_CLIENT, KUBELET_CLIENT, KUBELET_SERVING
from wherry.reconcile.events import Recorder
from wherry.reconcile.loop import Loops

JOINER = User("system:bootstrap:abcdef", ("system:bootstrappers", "system:authenticated"))
NODE = User("system:node:n1", ("system:nodes", "system:authenticated"))
ALICE = User("alice", ("system:authenticated",))
KEY = certificates.make_key()
CLIENT_USAGES = ["client auth", "digital signature"]
SERVER_USAGES = ["server auth", "digital signature"]


@asynccontextmanager
async def working(folder: Path) -> AsyncIterator[tuple[World, Loops]]:
    world = World()
    pki: Pki = open_pki(folder, ServerNames(), world.clock.time())
    await world.api.open()
    client = world.api.client()
    recorder = Recorder(client, world.clock, "certificates")
    controllers = (approver.CONTROLLER, signer.controller(lambda: pki.authority_pair))
    loops = Loops(controllers, client, world.clock, random.Random(7), recorder)
    await loops.start()
    try:
        yield world, loops
    finally:
        await loops.stop()
        await recorder.close()
        await world.api.close()


async def ask(world: World, user: User, signer_name: str, profile: Profile, usages: list[str], name: str = "c") -> Any:
    spec = {
        "request": b64encode(certificates.make_request(profile, KEY)).decode(),
        "signerName": signer_name,
        "usages": usages,
    }
    return await world.api.client(user).create(CERTIFICATESIGNINGREQUESTS, {"metadata": {"name": name}, "spec": spec})


async def found(world: World, loops: Loops, name: str = "c") -> Any:
    await loops.settled()
    return await world.api.client().get(CERTIFICATESIGNINGREQUESTS, name)


async def test_a_node_joins_with_a_token(tmp_path: Path) -> None:
    async with working(tmp_path) as (world, loops):
        await ask(world, JOINER, KUBELET_CLIENT, node_client("n1"), CLIENT_USAGES)
        request = await found(world, loops)
        assert request["spec"]["username"] == "system:bootstrap:abcdef"
        assert request["spec"]["groups"] == ["system:bootstrappers", "system:authenticated"]
        (condition,) = request["status"]["conditions"]
        assert (condition["type"], condition["reason"]) == ("Approved", "AutoApproved")
        info = read_certificate(decode_pem(b64decode(request["status"]["certificate"]).decode()))
        assert (info.common_name, info.organizations) == ("system:node:n1", ("system:nodes",))


@pytest.mark.parametrize(
    ("user", "profile", "usages"),
    [
        (ALICE, node_client("n1"), CLIENT_USAGES),
        (JOINER, Profile("system:node:n1", ("system:masters",)), CLIENT_USAGES),
        (JOINER, node_client("n1"), SERVER_USAGES),
    ],
    ids=["without the right", "superuser", "other usages"],
)
async def test_other_requests_wait_for_a_person(
    tmp_path: Path, user: User, profile: Profile, usages: list[str]
) -> None:
    async with working(tmp_path) as (world, loops):
        await ask(world, user, KUBELET_CLIENT, profile, usages)
        assert (await found(world, loops))["status"] == {}


async def test_a_node_renews_its_certificate(tmp_path: Path) -> None:
    async with working(tmp_path) as (world, loops):
        await ask(world, NODE, KUBELET_CLIENT, node_client("n1"), CLIENT_USAGES)
        request = await found(world, loops)
        assert "self kubelet client certificate" in request["status"]["conditions"][0]["message"]
        assert request["status"]["certificate"]


async def test_a_serving_certificate_waits_for_the_nodes_addresses(tmp_path: Path) -> None:
    async with working(tmp_path) as (world, loops):
        await ask(world, NODE, KUBELET_SERVING, node_server("n1", ("10.0.0.9",)), SERVER_USAGES)
        assert (await found(world, loops))["status"] == {}
        client = world.api.client()
        await client.create(NODES, {"metadata": {"name": "n1"}})
        addresses = [{"type": "InternalIP", "address": "10.0.0.9"}]
        await client.patch(NODES, "n1", {"status": {"addresses": addresses}}, subresource="status")
        assert (await found(world, loops))["status"]["certificate"]


async def test_a_person_approves(tmp_path: Path) -> None:
    async with working(tmp_path) as (world, loops):
        await ask(world, ALICE, API_SERVER_CLIENT, Profile("bob", ("dev",)), ["client auth"])
        request = await found(world, loops)
        request["status"] = {"conditions": [{"type": "Approved", "status": "True", "reason": "me", "message": "ok"}]}
        url = "/apis/certificates.k8s.io/v1/certificatesigningrequests/c/approval"
        assert (await world.ask("PUT", url, request, "alice"))[0] == 403
        status, approved = await world.ask("PUT", url, request)
        assert status == 200 and approved["status"]["conditions"][0]["lastUpdateTime"]
        info = read_certificate(decode_pem(b64decode((await found(world, loops))["status"]["certificate"]).decode()))
        assert (info.common_name, info.organizations) == ("bob", ("dev",))


async def test_what_no_signer_signs_fails_when_approved(tmp_path: Path) -> None:
    async with working(tmp_path) as (world, loops):
        await ask(world, ALICE, KUBELET_CLIENT, Profile("mallory"), CLIENT_USAGES)
        request = await found(world, loops)
        request["status"] = {"conditions": [{"type": "Approved", "status": "True", "reason": "x", "message": "y"}]}
        await world.ask("PUT", "/apis/certificates.k8s.io/v1/certificatesigningrequests/c/approval", request)
        failed = (await found(world, loops))["status"]["conditions"][1]
        assert (failed["type"], failed["reason"]) == ("Failed", "SignerValidationFailure")
        assert failed["message"] == "subject organization is not system:nodes"


@pytest.mark.parametrize(
    ("user", "signer_name", "profile", "why"),
    [
        (ALICE, API_SERVER_CLIENT, Profile("x", ("system:masters",)), "with system:masters group is not allowed"),
        (NODE, KUBELET_CLIENT, node_client("n2"), "can only create a node CSR with CN=system:node:n1"),
    ],
)
async def test_requests_that_are_refused_at_once(
    tmp_path: Path, user: User, signer_name: str, profile: Profile, why: str
) -> None:
    async with working(tmp_path) as (world, _):
        with pytest.raises(Exception, match=why):
            await ask(world, user, signer_name, profile, CLIENT_USAGES)
