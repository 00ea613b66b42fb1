from __future__ import annotations

from wherry.api.core.configmap import CONFIGMAPS
from wherry.controllers.core.rootca.controller import NAME
from wherry.controllers.tests.plane import only, running


async def test_what_was_deleted_or_changed_is_put_back() -> None:
    async with running(only("root-ca-certificate-publisher-controller")) as plane:
        await plane.client.delete(CONFIGMAPS, NAME, "default")
        await plane.settle()
        found = await plane.get(CONFIGMAPS, NAME)
        await plane.client.patch(CONFIGMAPS, NAME, {"data": {"ca.crt": "forged", "more": "x"}}, "default")
        await plane.settle()
        assert (await plane.get(CONFIGMAPS, NAME))["data"] == found["data"]
