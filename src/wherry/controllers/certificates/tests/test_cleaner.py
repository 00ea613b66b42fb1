from __future__ import annotations

import random
from base64 import b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from wherry.api import Obj
from wherry.api.certificates.certificatesigningrequest import CERTIFICATESIGNINGREQUESTS
from wherry.api.certificates.podcertificaterequest import PODCERTIFICATEREQUESTS
from wherry.api.certificates.tests.making import KEY, as_base64
from wherry.api.certificates.tests.making import request as make_request
from wherry.api.types.certificates_v1 import CertificateSigningRequest
from wherry.api.types.decoding import convert
from wherry.apiserver.reviews.tests.world import World
from wherry.controllers.certificates import cleaner
from wherry.controllers.certificates.plan import useful_until
from wherry.controllers.tests.plane import only, running
from wherry.identity import certificates
from wherry.identity.profiles import node_client
from wherry.identity.signers import KUBELET_CLIENT
from wherry.lib.clock import format_time
from wherry.reconcile.events import Recorder
from wherry.reconcile.loop import Loops

NOW = 1_700_000_000.0
HOUR = 3600.0


def request(created: float, *conditions: tuple[str, float]) -> CertificateSigningRequest:
    said = [{"type": kind, "status": "True", "lastUpdateTime": format_time(at)} for kind, at in conditions]
    metadata = {"name": "c", "creationTimestamp": format_time(created)}
    return convert(CertificateSigningRequest, {"metadata": metadata, "status": {"conditions": said}})


@pytest.mark.parametrize(
    ("conditions", "valid_until", "wanted"),
    [
        ((), None, NOW + 24 * HOUR),
        ((("Approved", NOW + 5),), None, NOW + 5 + HOUR),
        ((("Approved", NOW + 5),), NOW + 60, NOW + 60),
        ((("Approved", NOW + 5),), NOW + 9 * HOUR, NOW + 5 + HOUR),
        ((("Denied", NOW + 7),), None, NOW + 7 + HOUR),
        ((("Approved", NOW + 9), ("Failed", NOW + 8)), None, NOW + 8 + HOUR),
        ((("Other", NOW),), None, None),
    ],
    ids=["pending", "approved", "soon invalid", "long valid", "denied", "failed", "unknown"],
)
def test_useful_until(conditions: Any, valid_until: float | None, wanted: float | None) -> None:
    assert useful_until(request(NOW, *conditions), valid_until) == wanted


async def test_requests_go_when_their_time_is_over() -> None:
    world = World()
    await world.api.open()
    client, clock = world.api.client(), world.clock
    recorder = Recorder(client, clock, "certificates")
    loops = Loops((cleaner.CONTROLLER,), client, clock, random.Random(7), recorder)
    await loops.start()
    pem = b64encode(certificates.make_request(node_client("n1"), certificates.make_key())).decode()
    spec = {"request": pem, "signerName": KUBELET_CLIENT, "usages": ["client auth", "digital signature"]}
    for name in ("pending", "denied"):
        await client.create(CERTIFICATESIGNINGREQUESTS, {"metadata": {"name": name}, "spec": spec})
    obj: Obj = await client.get(CERTIFICATESIGNINGREQUESTS, "denied")
    obj["status"] = {"conditions": [{"type": "Denied", "status": "True", "reason": "No", "message": ""}]}
    await client.update(CERTIFICATESIGNINGREQUESTS, obj, subresource="approval")

    async def left_after(seconds: float) -> list[str]:
        await clock.advance(seconds)
        await loops.settled()
        return [obj["metadata"]["name"] for obj in (await client.list(CERTIFICATESIGNINGREQUESTS)).items]

    assert await left_after(HOUR - 1) == ["denied", "pending"]
    assert await left_after(2) == ["pending"]
    assert await left_after(23 * HOUR) == []
    await loops.stop()
    await recorder.close()
    await world.api.close()


async def test_requests_for_certificates_of_pods_go_after_a_quarter_of_an_hour() -> None:
    async with running(only("podcertificaterequest-cleaner-controller")) as plane:
        spec = {
            "podName": "p",
            "podUID": "1",
            "serviceAccountName": "s",
            "serviceAccountUID": "2",
            "nodeName": "n",
            "nodeUID": "3",
            "signerName": "example.com/s",
            "stubPKCS10Request": as_base64(make_request(KEY).public_bytes(Encoding.DER)),
        }
        await plane.apply(PODCERTIFICATEREQUESTS, {"metadata": {"name": "x"}, "spec": spec})
        await plane.pass_time(15 * 60 - 1)
        assert len(await plane.items(PODCERTIFICATEREQUESTS)) == 1
        await plane.pass_time(1)
        assert await plane.items(PODCERTIFICATEREQUESTS) == []
