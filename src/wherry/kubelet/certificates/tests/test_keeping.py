"""A node's certificates over the years, with the real API, approver and signer."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

from wherry.api import Obj
from wherry.api.core.node import NODES
from wherry.apiserver.attributes import User
from wherry.controllers.certificates.tests.test_certificates import working
from wherry.identity.der import CertificateInfo, decode_pem, read_certificate
from wherry.identity.joining import client_request, server_request
from wherry.kubelet.certificates.keeping import Holding, keep

NODE = User("system:node:n1", ("system:nodes", "system:authenticated"))
_SECONDS = 3000


class Held:
    """A certificate in memory, good for less than an hour."""

    def __init__(self, *, serving: bool) -> None:
        self.key = b""
        self.certificates: list[bytes] = []
        self.asked = 0
        self._serving = serving

    def holding(self) -> Holding:
        return Holding("test", self._present, self._request, self._accept)

    def _present(self) -> CertificateInfo | None:
        return read_certificate(decode_pem(self.certificates[-1].decode())) if self.certificates else None

    def _request(self) -> tuple[bytes, Obj]:
        key, request = (
            server_request("n1", ("192.0.2.7",), self.key) if self._serving else client_request("n1", self.key)
        )
        request["spec"]["expirationSeconds"] = _SECONDS
        self.asked += 1
        return key, request

    def _accept(self, key: bytes, certificate: bytes) -> None:
        self.key = key
        self.certificates.append(certificate)


async def _kept(held: Held, folder: Path, seconds: float, address: str) -> None:
    async with working(folder) as (world, loops), asyncio.TaskGroup() as group:
        status = {"addresses": [{"type": "InternalIP", "address": address}]}
        await world.api.client().create(NODES, {"metadata": {"name": "n1"}, "status": status})
        task = group.create_task(keep(held.holding(), world.api.client(NODE), world.clock))
        end = world.clock.time() + seconds
        while world.clock.time() < end:
            await world.clock.advance(60)
            await loops.settled()
        task.cancel()


async def test_a_client_certificate_is_renewed_at_two_thirds_of_its_life(tmp_path: Path) -> None:
    held = Held(serving=False)
    await _kept(held, tmp_path, 2 * _SECONDS, "192.0.2.7")
    assert 3 <= len(held.certificates) <= 4
    begins = [read_certificate(decode_pem(each.decode())).not_before for each in held.certificates]
    for earlier, later in itertools.pairwise(begins):
        assert 0.5 * _SECONDS < later - earlier < 0.75 * _SECONDS


async def test_a_serving_certificate_is_for_the_nodes_own_addresses(tmp_path: Path) -> None:
    held = Held(serving=True)
    await _kept(held, tmp_path, 300, "192.0.2.7")
    assert "192.0.2.7" in read_certificate(decode_pem(held.certificates[-1].decode())).addresses


async def test_an_address_that_is_not_the_nodes_waits_for_a_person(tmp_path: Path) -> None:
    held = Held(serving=True)
    await _kept(held, tmp_path, 300, "192.0.2.66")
    assert (held.certificates, held.asked) == ([], 1)
