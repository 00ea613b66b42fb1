"""Creating what needs something else first, and by verbs that do not say so."""

from __future__ import annotations

import asyncio

from wherry.apiserver.access import ROOT, Access
from wherry.apiserver.admission.chain import mutating
from wherry.apiserver.attributes import Attributes, Decision
from wherry.apiserver.core import Core
from wherry.apiserver.tests.harness import PODS, pod, serving

ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"


async def test_a_pod_waits_for_the_account_of_its_namespace() -> None:
    async with serving(mutating=mutating(lambda: "abcde")) as server, asyncio.TaskGroup() as tasks:
        made = tasks.create_task(server.call("POST", PODS, pod("a")))
        await asyncio.sleep(0)
        await server.post(ACCOUNTS, {"metadata": {"name": "other"}})
        assert not made.done()
        await server.post(ACCOUNTS, {"metadata": {"name": "default"}})
        answer = await made
        assert answer.status == 201, answer.body
        assert answer.body["spec"]["serviceAccountName"] == "default"


async def test_a_pod_waits_for_no_other_account_and_not_for_ever() -> None:
    async with serving(mutating=mutating(lambda: "abcde")) as server, asyncio.TaskGroup() as tasks:
        named = await server.call("POST", PODS, pod("a", serviceAccountName="robot"))
        assert named.status == 403
        made = tasks.create_task(server.call("POST", PODS, pod("a")))
        await asyncio.sleep(0)
        await server.clock.advance(2)
        answer = await made
        why = 'error looking up service account default/default: serviceaccount "default" not found'
        assert (answer.status, answer.body["message"]) == (403, f'pods "a" is forbidden: {why}')


class Verbs:
    """An authorizer that knows verbs only."""

    def __init__(self, *verbs: str) -> None:
        self._verbs = verbs

    def authorize(self, attributes: Attributes) -> Decision:
        return Decision(attributes.verb in self._verbs)


async def test_a_put_that_creates_needs_the_right_to_create() -> None:
    verbs = ["update"]

    def access(_: Core) -> Access:
        return Access(lambda _: ROOT, Verbs(*verbs))

    body = {"metadata": {"name": "a"}, "spec": {}}
    async with serving(access=access) as server:
        refused = await server.call("PUT", f"{LEASES}/a", body)
        assert refused.status == 403
        assert 'cannot create resource "leases" in API group "coordination.k8s.io"' in refused.body["message"]
    verbs.append("create")
    async with serving(access=access) as server:
        assert (await server.call("PUT", f"{LEASES}/a", body)).status == 201
