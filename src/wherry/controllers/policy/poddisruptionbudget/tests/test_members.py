from __future__ import annotations

from wherry.api.core.pod import PODS
from wherry.api.policy.poddisruptionbudget import PODDISRUPTIONBUDGETS
from wherry.api.types.core_v1 import Pod
from wherry.api.types.policy_v1 import PodDisruptionBudget
from wherry.client import Key
from wherry.controllers.policy.poddisruptionbudget.members import Membership
from wherry.controllers.tests.plane import Plane, running, template


async def add_pod(plane: Plane, name: str, app: str) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", **template(app)}
    await plane.apply(PODS, {**pod, "metadata": {**pod["metadata"], "name": name}})


async def add_budget(plane: Plane, name: str, app: str) -> PodDisruptionBudget:
    spec = {"selector": {"matchLabels": {"app": app}}, "minAvailable": 1}
    await plane.apply(
        PODDISRUPTIONBUDGETS,
        {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name}, "spec": spec},
    )
    found = plane.client.informer(PODDISRUPTIONBUDGETS, PodDisruptionBudget).get(Key("default", name))
    assert found is not None
    return found


async def test_members_come_change_and_go() -> None:
    async with running(lambda _: []) as plane:
        heard: list[list[Key]] = []
        pods = plane.client.informer(PODS, Pod)
        membership = Membership(pods)
        pods.add_handler(lambda old, new: heard.append(membership.hear(old, new)))
        await add_pod(plane, "early", "web")
        budget = await add_budget(plane, "b", "web")
        assert [each.name for each in membership.of(budget)] == ["early"]
        await add_pod(plane, "late", "web")
        await add_pod(plane, "other", "db")
        ours, nobodys = [Key("default", "b")], list[Key]()
        assert heard == [nobodys, ours, nobodys]
        assert membership.selecting(pods.get(Key("default", "late")) or Pod()) == ["b"]
        heard.clear()
        made = await plane.get(PODS, "late")
        await plane.set_phase(made, "Running", ready=True)
        await plane.set_phase(made, "Running", ready=True, message="nothing that counts")
        await plane.client.patch(PODS, "late", {"metadata": {"labels": {"app": "db"}}}, "default")
        assert heard == [ours, nobodys, ours]
        await plane.client.delete(PODS, "early", "default", grace_seconds=0)
        assert list(membership.of(budget)) == []
        membership.forget(Key("default", "b"))
        await add_pod(plane, "last", "web")
        assert heard[-1] == []
