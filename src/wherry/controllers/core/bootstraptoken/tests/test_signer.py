from __future__ import annotations

from wherry.api import Obj
from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.core.secret import SECRETS
from wherry.controllers.core.bootstraptoken.plan import sign
from wherry.controllers.tests.plane import Plane, only, running
from wherry.lib.clock import format_time


def token(token_id: str, ends: float) -> Obj:
    data = {"token-id": token_id, "token-secret": "0123456789abcdef", "usage-bootstrap-signing": "true"}
    return {
        "metadata": {"name": f"bootstrap-token-{token_id}"},
        "type": "bootstrap.kubernetes.io/token",
        "stringData": {**data, "expiration": format_time(ends)},
    }


async def data(plane: Plane) -> dict[str, str]:
    return dict((await plane.get(CONFIGMAPS, "cluster-info", "kube-public"))["data"])


async def test_cluster_info_is_signed_for_tokens_as_long_as_they_are_good() -> None:
    async with running(only("bootstrap-signer-controller")) as plane:
        now = plane.clock.time()
        await plane.apply(SECRETS, token("abcdef", now + 60), "kube-system")
        info = {"metadata": {"name": "cluster-info"}, "data": {"kubeconfig": "one"}}
        await plane.apply(CONFIGMAPS, info, "kube-public")
        assert (await data(plane))["jws-kubeconfig-abcdef"] == sign("one", "abcdef", "0123456789abcdef")

        await plane.apply(SECRETS, token("bbbbbb", now + 3600), "kube-system")
        await plane.client.patch(CONFIGMAPS, "cluster-info", {"data": {"kubeconfig": "two"}}, "kube-public")
        await plane.settle()
        assert (await data(plane))["jws-kubeconfig-bbbbbb"] == sign("two", "bbbbbb", "0123456789abcdef")
        assert len(await data(plane)) == 3

        await plane.pass_time(61)
        assert sorted(await data(plane)) == ["jws-kubeconfig-bbbbbb", "kubeconfig"]
