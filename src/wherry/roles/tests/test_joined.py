"""Joining against a real control plane over TLS: from a token to certificates, from any step that a kill left."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from wherry.api.certificates.certificatesigningrequest import CERTIFICATESIGNINGREQUESTS
from wherry.api.core.node import NODES
from wherry.client.credentials import endpoint_of
from wherry.client.http import HttpClient
from wherry.identity import ca, certificates
from wherry.identity.joining import save_key
from wherry.identity.kubeconfig import Kubeconfig, read_kubeconfig, write_kubeconfig
from wherry.identity.profiles import node_client
from wherry.lib.failure import Failure
from wherry.roles.joined import Joined, JoinedSettings, joined_name
from wherry.roles.jointoken import JoinToken
from wherry.roles.nodeidentity import Live, kubelet_context
from wherry.roles.tests.joinable import CLOCK, Cluster, cluster
from wherry.transport.connect import Connector


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[Cluster]:
    async with cluster(tmp_path / "server") as made:
        yield made


def machine(folder: Path, token: JoinToken | None, name: str = "n1") -> Joined:
    """The agent of a machine as it starts; the folder is what it kept."""
    agent = folder / "agent"
    agent.mkdir(exist_ok=True)
    return Joined(JoinedSettings(agent / "agent.kubeconfig", agent / "pki", name, ("127.0.0.1",), token), CLOCK)


async def join(node: Joined) -> Kubeconfig:
    config = await node.begin(asyncio.Event())
    assert config is not None
    return config


async def requests(there: Cluster) -> int:
    return len((await there.client.list(CERTIFICATESIGNINGREQUESTS)).items)


async def test_a_machine_joins_and_is_known_from_then_on(there: Cluster, tmp_path: Path) -> None:
    token = await there.token()
    config = await join(machine(tmp_path, token))
    path = tmp_path / "agent/agent.kubeconfig"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list((tmp_path / "agent/pki").iterdir()) == [], "the key is in the kubeconfig alone"
    assert (joined_name(path), config.token) == ("n1", "")
    async with HttpClient.from_kubeconfig(config, clock=CLOCK) as client:
        await client.create(NODES, {"metadata": {"name": "n1"}})
    await there.withdraw(token)
    assert await join(machine(tmp_path, None)) == config
    assert await join(machine(tmp_path, token)) == config
    assert await requests(there) == 1


async def test_a_machine_asks_under_the_name_of_all_else_that_it_writes(there: Cluster, tmp_path: Path) -> None:
    await join(machine(tmp_path, await there.token()))
    (asked,) = (await there.client.list(CERTIFICATESIGNINGREQUESTS)).items
    spec = [entry["manager"] for entry in asked["metadata"]["managedFields"] if "f:spec" in entry["fieldsV1"]]
    assert spec == ["kubelet"]


async def test_a_key_that_a_killed_start_left_is_used(there: Cluster, tmp_path: Path) -> None:
    key = certificates.make_key()
    save_key(tmp_path / "agent/pki/node-client.key", certificates.format_key(key))
    config = await join(machine(tmp_path, await there.token()))
    assert certificates.is_pair(certificates.parse_certificate(config.certificate), key)


async def test_a_killed_start_that_had_asked_asks_again(there: Cluster, tmp_path: Path) -> None:
    token = await there.token()
    loop = asyncio.get_running_loop()
    first = loop.create_task(machine(tmp_path, token).begin(asyncio.Event()))
    while not await requests(there):
        await asyncio.sleep(0.001)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert (await join(machine(tmp_path, token))).certificate


async def _withdrawn(there: Cluster) -> JoinToken:
    token = await there.token()
    await there.withdraw(token)
    return token


async def _expired(there: Cluster) -> JoinToken:
    return await there.token(-5.0)


async def _unreachable(there: Cluster) -> JoinToken:
    return replace(await there.token(), server="https://127.0.0.1:9")


async def _impostor(there: Cluster) -> JoinToken:
    authority = certificates.make_authority("another", CLOCK.time(), 3600.0)
    return replace(await there.token(), authority=certificates.format_certificate(authority.certificate).decode())


_NO_GOOD = {
    "withdrawn": (_withdrawn, "the join token is not valid: it has expired or was withdrawn", "wherry token create"),
    "expired": (_expired, "the join token is not valid: it has expired or was withdrawn", "wherry token create"),
    "unreachable": (_unreachable, "cannot reach 127.0.0.1:9: ", "wherry token create --server"),
    "impostor": (_impostor, "cannot reach 127.0.0.1:", "wherry token create --server"),
}


@pytest.mark.parametrize("name", _NO_GOOD)
async def test_what_cannot_join_is_told_in_one_sentence(name: str, there: Cluster, tmp_path: Path) -> None:
    make, sentence, hint = _NO_GOOD[name]
    with pytest.raises(Failure) as refused:
        await join(machine(tmp_path, await make(there)))
    assert refused.value.message.startswith(sentence)
    assert hint in refused.value.hint
    assert "\n" not in refused.value.message
    assert not (tmp_path / "agent/agent.kubeconfig").exists()
    assert (await join(machine(tmp_path, await there.token()))).certificate, "a good token mends it"


async def test_nobody_who_approves_is_waited_for_until_told_to_stop(tmp_path: Path) -> None:
    async with cluster(tmp_path / "server", decides=False) as there:
        stop = asyncio.Event()
        waiting = asyncio.get_running_loop().create_task(machine(tmp_path, await there.token()).begin(stop))
        while not await requests(there):
            await asyncio.sleep(0.001)
        assert not waiting.done()
        stop.set()
        assert await waiting is None


async def test_a_node_of_another_cluster_is_not_taken_over(there: Cluster, tmp_path: Path) -> None:
    await join(machine(tmp_path, await there.token()))
    with pytest.raises(Failure, match="this node belongs to another cluster"):
        await join(machine(tmp_path, await _impostor(there)))


@pytest.mark.parametrize(
    ("ready", "address", "is_refused"),
    [("True", "192.0.2.9", True), ("Unknown", "192.0.2.9", False), ("True", "127.0.0.1", False)],
    ids=["a clone", "gone for long", "set up anew"],
)
async def test_two_machines_do_not_share_a_name(
    ready: str, address: str, is_refused: bool, there: Cluster, tmp_path: Path
) -> None:
    conditions = [{"type": "Ready", "status": ready}]
    status = {"conditions": conditions, "addresses": [{"type": "InternalIP", "address": address}]}
    await there.client.create(NODES, {"metadata": {"name": "n1"}, "status": status})
    token = await there.token()
    if not is_refused:
        await join(machine(tmp_path, token))
        return
    with pytest.raises(Failure, match=r"^the cluster has a node 'n1' already, at 192\.0\.2\.9$") as refused:
        await join(machine(tmp_path, token))
    assert "--node-name" in refused.value.hint
    await join(machine(tmp_path, token, "n2"))


async def test_a_server_that_moved_is_followed(there: Cluster, tmp_path: Path) -> None:
    token = await there.token()
    await join(machine(tmp_path, token))
    moved = replace(token, server="https://server.example:6443")
    assert (await join(machine(tmp_path, moved))).server == moved.server
    assert read_kubeconfig(tmp_path / "agent/agent.kubeconfig").server == moved.server


async def test_an_identity_that_has_ended_or_is_anothers_takes_a_token(there: Cluster, tmp_path: Path) -> None:
    await join(machine(tmp_path, await there.token()))
    with pytest.raises(Failure, match="has ended or is another node's") as refused:
        await join(machine(tmp_path, None, "n2"))
    assert "wherry token create" in refused.value.hint
    await join(machine(tmp_path, await there.token(), "n2"))
    assert joined_name(tmp_path / "agent/agent.kubeconfig") == "n2"
    _age(there, tmp_path / "agent/agent.kubeconfig", "n2", -10.0)
    with pytest.raises(Failure, match="has ended or is another node's"):
        await join(machine(tmp_path, None, "n2"))


async def test_both_certificates_are_kept_while_the_agent_runs(there: Cluster, tmp_path: Path) -> None:
    node = machine(tmp_path, await there.token())
    await join(node)
    path = tmp_path / "agent/agent.kubeconfig"
    _age(there, path, "n1", 60.0)
    before = read_kubeconfig(path)
    async with live(node, before) as (used, resets):
        address = {"type": "InternalIP", "address": "127.0.0.1"}
        await used.client.create(NODES, {"metadata": {"name": "n1"}, "status": {"addresses": [address]}})
        async with asyncio.TaskGroup() as group:
            task = group.create_task(node.keep(used))
            await _until(lambda: read_kubeconfig(path) != before and node.serving.certificate.exists())
            task.cancel()
        after = read_kubeconfig(path)
        assert (after.key, after.server, after.authority) == (before.key, before.server, before.authority)
        assert resets == ["reset"]
        assert await used.client.get(NODES, "n1")
    assert node.serving.fits()
    assert "127.0.0.1" in node.serving.info().addresses
    assert node.serving.key.stat().st_mode & 0o777 == 0o600
    assert await requests(there) == 3


@asynccontextmanager
async def live(node: Joined, config: Kubeconfig) -> AsyncIterator[tuple[Live, list[str]]]:
    """What an agent has in use, and what became of it."""
    resets: list[str] = []
    connector = Connector(endpoint_of(config), clock=CLOCK)

    def reset() -> None:
        resets.append("reset")
        connector.reset()

    async with HttpClient(connector, clock=CLOCK) as client:
        yield Live(client, connector.endpoint.tls, kubelet_context(node, config), reset), resets


def _age(there: Cluster, path: Path, name: str, seconds: float) -> None:
    """Exchange the certificate for one of long ago that ends in so many seconds."""
    config = read_kubeconfig(path)
    key = certificates.parse_key(config.key)
    public, now = key.public_key(), CLOCK.time()
    authority = ca.read_authority(there.pki.authority_pair)
    old = certificates.issue(authority, node_client(name), public, now - 86_400.0, now + seconds)
    write_kubeconfig(path, replace(config, certificate=certificates.format_certificate(old)))


async def _until(is_true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_true():
            await asyncio.sleep(0.005)


def test_a_context_without_a_certificate_is_made(tmp_path: Path) -> None:
    authority = certificates.make_authority("ca", CLOCK.time(), 3600.0)
    config = Kubeconfig("https://127.0.0.1", certificates.format_certificate(authority.certificate))
    context = kubelet_context(machine(tmp_path, None), config)
    assert context.verify_mode is ssl.CERT_OPTIONAL
