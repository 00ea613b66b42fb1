"""The ServiceCIDR of the server's own ranges."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from wherry.api.core.event import EVENTS
from wherry.api.networking.servicecidr import SERVICECIDRS
from wherry.controllers.networking.servicecidr import controller as servicecidr
from wherry.controllers.networking.servicecidr.default import controller
from wherry.controllers.tests.plane import Choice, Plane, running
from wherry.reconcile.controller import Controller

OWN = "10.43.0.0/16"


def started_with(*cidrs: str) -> Choice:
    def choose(_: Sequence[Controller]) -> Sequence[Controller]:
        return [servicecidr.CONTROLLER, controller(cidrs)]

    return choose


async def told(plane: Plane) -> list[tuple[str, str]]:
    return [(obj["reason"], obj["message"]) for obj in await plane.items(EVENTS)]


async def test_it_is_made_again() -> None:
    async with running(started_with(OWN)) as plane:
        before = await plane.get(SERVICECIDRS, "kubernetes")
        await plane.client.delete(SERVICECIDRS, "kubernetes")
        await plane.pass_time(11)
        after = await plane.get(SERVICECIDRS, "kubernetes")
        assert after["metadata"]["uid"] != before["metadata"]["uid"]
        assert after["spec"] == before["spec"] == {"cidrs": [OWN]}
        assert after["status"]["conditions"][0]["status"] == "True"
        assert await told(plane) == []


async def test_it_gets_a_second_family() -> None:
    async with running(started_with(OWN, "fd00::/112")) as plane:
        assert (await plane.get(SERVICECIDRS, "kubernetes"))["spec"] == {"cidrs": [OWN, "fd00::/112"]}
        assert await told(plane) == []


@pytest.mark.parametrize("cidrs", [("10.9.0.0/16",), ("10.9.0.0/16", "fd00::/112")], ids=["one", "two"])
async def test_what_it_says_else_is_complained_about_once(cidrs: tuple[str, ...]) -> None:
    async with running(started_with(*cidrs)) as plane:
        await plane.client.patch(SERVICECIDRS, "kubernetes", {"metadata": {"labels": {"a": "b"}}})
        await plane.settle()
        assert (await plane.get(SERVICECIDRS, "kubernetes"))["spec"] == {"cidrs": [OWN]}
        why = f"The default ServiceCIDR [{OWN}] does not match the controller flag configurations [{' '.join(cidrs)}]"
        assert await told(plane) == [("KubernetesDefaultServiceCIDRInconsistent", why)]


async def test_why_it_gets_no_second_family() -> None:
    async with running(started_with(OWN, "10.9.0.0/16")) as plane:
        assert (await plane.get(SERVICECIDRS, "kubernetes"))["spec"] == {"cidrs": [OWN]}
        ((reason, message),) = await told(plane)
        assert reason == "KubernetesDefaultServiceCIDRError"
        assert message.startswith(f"The default ServiceCIDR can not be upgraded from {OWN} to dual stack [{OWN} 10.9")
