from __future__ import annotations

from wherry.api.coordination.lease import LEASES
from wherry.controllers.coordination.serveridentity import collector
from wherry.controllers.coordination.serveridentity.plan import lease_name, wanted
from wherry.controllers.tests.plane import running
from wherry.lib.clock import format_micro_time


async def test_leases_go_when_nobody_renews_them() -> None:
    async with running(lambda _: [collector.CONTROLLER]) as plane:
        for host in ("alive", "gone"):
            await plane.apply(LEASES, wanted(host, "x", plane.clock.time()), "kube-system")
        other = {"metadata": {"name": "other"}, "spec": {"leaseDurationSeconds": 1}}
        await plane.apply(LEASES, other, "kube-system")
        await plane.pass_time(3000)
        patch = {"spec": {"renewTime": format_micro_time(plane.clock.time())}}
        await plane.client.patch(LEASES, lease_name("alive"), patch, "kube-system")
        await plane.pass_time(1000)
        names = {obj["metadata"]["name"] for obj in await plane.items(LEASES, "kube-system")}
        assert names == {lease_name("alive"), "other"}
        await plane.pass_time(3000)
        assert len(await plane.items(LEASES, "kube-system")) == 1
