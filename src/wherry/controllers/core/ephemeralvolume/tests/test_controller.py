from __future__ import annotations

from wherry.api import Obj
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.pod import PODS
from wherry.controllers.core.persistentvolume.tests.storage import claim, pod, said
from wherry.controllers.tests.plane import only, running

LOOPS = only("ephemeral-volume-controller", "persistentvolumeclaim-protection-controller")


def scratch() -> Obj:
    template = {"metadata": {"labels": {"kind": "scratch"}}, "spec": claim()["spec"]}
    return pod(volumes=[{"name": "scratch", "ephemeral": {"volumeClaimTemplate": template}}])


async def test_the_claim_belongs_to_the_pod() -> None:
    async with running(LOOPS) as plane:
        owner = await plane.apply(PODS, scratch())
        made = await plane.get(PERSISTENTVOLUMECLAIMS, "web-scratch")
        assert made["metadata"]["labels"] == {"kind": "scratch"}
        [reference] = made["metadata"]["ownerReferences"]
        assert (reference["kind"], reference["uid"], reference["controller"]) == ("Pod", owner["metadata"]["uid"], True)
        assert made["spec"]["storageClassName"] == "slow"


async def test_a_deleted_claim_is_made_again() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(PODS, scratch())
        first = await plane.get(PERSISTENTVOLUMECLAIMS, "web-scratch")
        await plane.client.delete(PERSISTENTVOLUMECLAIMS, "web-scratch", "default")
        await plane.settle()
        second = await plane.get(PERSISTENTVOLUMECLAIMS, "web-scratch")
        assert first["metadata"]["uid"] != second["metadata"]["uid"]


async def test_a_claim_of_that_name_that_is_somebody_elses_is_in_the_way() -> None:
    async with running(LOOPS) as plane:
        theirs = await plane.apply(PERSISTENTVOLUMECLAIMS, claim("web-scratch"))
        await plane.apply(PODS, scratch())
        why = "PVC default/web-scratch was not created for pod default/web (pod is not owner)"
        assert await said(plane, "web") == [("Warning", "FailedBinding", f"ephemeral volume scratch: {why}")]
        await plane.client.delete(PERSISTENTVOLUMECLAIMS, "web-scratch", "default")
        await plane.settle()
        mine = await plane.get(PERSISTENTVOLUMECLAIMS, "web-scratch")
        assert mine["metadata"]["uid"] != theirs["metadata"]["uid"]
