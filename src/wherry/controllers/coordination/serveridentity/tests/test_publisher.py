from __future__ import annotations

from wherry.api.coordination.lease import LEASES
from wherry.controllers.coordination.serveridentity import publisher
from wherry.controllers.coordination.serveridentity.plan import lease_name
from wherry.controllers.tests.plane import Plane, running
from wherry.lib.clock import format_micro_time

NAME = lease_name("host-1")


async def renewed(plane: Plane) -> str:
    lease = await plane.get(LEASES, NAME, "kube-system")
    return str(lease["spec"]["renewTime"])


async def test_the_lease_is_made_renewed_and_made_again() -> None:
    async with running(lambda _: [publisher.controller("host-1")]) as plane:
        lease = await plane.get(LEASES, NAME, "kube-system")
        assert lease["metadata"]["labels"] == {
            "apiserver.kubernetes.io/identity": "kube-apiserver",
            "kubernetes.io/hostname": "host-1",
        }
        assert lease["spec"]["leaseDurationSeconds"] == 3600
        assert lease["spec"]["holderIdentity"].startswith(f"{NAME}_")
        began = plane.clock.time()
        await plane.pass_time(1900)
        assert await renewed(plane) == format_micro_time(began + 1800)
        await plane.client.delete(LEASES, NAME, "kube-system")
        await plane.settle()
        assert await renewed(plane) == format_micro_time(began + 1900)


def test_the_name_is_the_hosts() -> None:
    assert lease_name("host-1") == lease_name("host-1") != lease_name("host-2")
    assert len(NAME) == len("apiserver-") + 26
