from __future__ import annotations

from wherry.api.core.secret import SECRETS
from wherry.controllers.tests.plane import only, running
from wherry.lib.clock import format_time


async def test_tokens_go_when_their_time_is_over() -> None:
    async with running(only("token-cleaner-controller")) as plane:
        now = plane.clock.time()
        for name, kind, when in (
            ("bootstrap-token-aaaaaa", "bootstrap.kubernetes.io/token", now + 60),
            ("bootstrap-token-bbbbbb", "bootstrap.kubernetes.io/token", now + 3600),
            ("else", "Opaque", now - 1),
        ):
            data = {"token-id": name[-6:], "token-secret": "0123456789abcdef", "expiration": format_time(when)}
            await plane.apply(SECRETS, {"metadata": {"name": name}, "type": kind, "stringData": data}, "kube-system")
        await plane.pass_time(59)
        assert len(await plane.items(SECRETS, "kube-system")) == 3
        await plane.pass_time(2)
        left = [obj["metadata"]["name"] for obj in await plane.items(SECRETS, "kube-system")]
        assert left == ["bootstrap-token-bbbbbb", "else"]
