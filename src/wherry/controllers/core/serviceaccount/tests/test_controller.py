from __future__ import annotations

from wherry.api.core.serviceaccount import SERVICEACCOUNTS
from wherry.controllers.tests.plane import only, running


async def test_the_default_account_comes_back() -> None:
    async with running(only("serviceaccount-controller")) as plane:
        first = await plane.get(SERVICEACCOUNTS, "default")
        await plane.client.delete(SERVICEACCOUNTS, "default", "default")
        await plane.settle()
        assert (await plane.get(SERVICEACCOUNTS, "default"))["metadata"]["uid"] != first["metadata"]["uid"]
