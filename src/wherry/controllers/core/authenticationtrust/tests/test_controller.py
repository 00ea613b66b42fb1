from __future__ import annotations

from collections.abc import Sequence

from cryptography.hazmat.primitives.serialization import Encoding

from wherry.api.core.configmap import CONFIGMAPS
from wherry.controllers.core.authenticationtrust.controller import KEY, controller
from wherry.controllers.tests.plane import Plane, running
from wherry.identity.certificates import make_authority
from wherry.reconcile.controller import Controller
from wherry.testing.clock import ManualClock


def _authority() -> str:
    return make_authority("ca", ManualClock().time(), 3600).certificate.public_bytes(Encoding.PEM).decode()


ONE, OTHER = _authority(), _authority()


class _Authority:
    text = ONE

    def choose(self, _: Sequence[Controller]) -> Sequence[Controller]:
        return [controller(lambda: self.text)]


async def _data(plane: Plane) -> object:
    await plane.settle()
    return (await plane.get(CONFIGMAPS, KEY.name, KEY.namespace))["data"]


async def test_it_is_there_whatever_others_do() -> None:
    authority = _Authority()
    async with running(authority.choose) as plane:
        assert await _data(plane) == {"client-ca-file": ONE}
        await plane.client.delete(CONFIGMAPS, KEY.name, KEY.namespace)
        assert await _data(plane) == {"client-ca-file": ONE}
        await plane.client.patch(CONFIGMAPS, KEY.name, {"data": {"client-ca-file": None, "x": "y"}}, KEY.namespace)
        assert await _data(plane) == {"client-ca-file": ONE}


async def test_another_authority_is_trusted_besides() -> None:
    authority = _Authority()
    async with running(authority.choose) as plane:
        authority.text = OTHER
        published = {"metadata": {"name": "kube-root-ca.crt"}, "data": {"ca.crt": OTHER}}
        await plane.apply(CONFIGMAPS, published, "kube-system")
        assert await _data(plane) == {"client-ca-file": ONE + OTHER}


async def test_without_an_authority_nothing_is_said() -> None:
    authority = _Authority()
    authority.text = ""
    async with running(authority.choose) as plane:
        assert await plane.items(CONFIGMAPS, KEY.namespace) == []
