from __future__ import annotations

from wherry.api import Obj
from wherry.api.rbac.clusterrole import CLUSTERROLES
from wherry.controllers.tests.plane import only, running

LABEL = "rbac.example.com/aggregate-to-all"


def role(name: str, verb: str, **labels: str) -> Obj:
    metadata = {"name": name, "labels": labels}
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": [verb]}]
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": metadata, "rules": rules}


async def test_an_aggregated_role_has_the_rules_of_all_selected_ones() -> None:
    async with running(only("clusterrole-aggregation-controller")) as plane:
        whole = role("all", "list")
        whole["aggregationRule"] = {"clusterRoleSelectors": [{"matchLabels": {LABEL: "true"}}]}
        await plane.apply(CLUSTERROLES, whole)
        await plane.apply(CLUSTERROLES, role("b", "get", **{LABEL: "true"}))
        await plane.apply(CLUSTERROLES, role("a", "watch", **{LABEL: "true"}))
        await plane.apply(CLUSTERROLES, role("c", "delete"))
        found = await plane.get(CLUSTERROLES, "all")
        assert [rule["verbs"] for rule in found["rules"]] == [["watch"], ["get"]]
        [owner] = [each for each in found["metadata"]["managedFields"] if "f:rules" in each["fieldsV1"]]
        assert (owner["manager"], owner["operation"]) == ("clusterrole-aggregation-controller", "Apply")
        await plane.client.delete(CLUSTERROLES, "a")
        await plane.settle()
        assert [rule["verbs"] for rule in (await plane.get(CLUSTERROLES, "all"))["rules"]] == [["get"]]


async def test_what_is_written_into_it_by_hand_is_overwritten() -> None:
    async with running(only("clusterrole-aggregation-controller")) as plane:
        whole = role("all", "list")
        whole["aggregationRule"] = {
            "clusterRoleSelectors": [{"matchLabels": {LABEL: "true"}}, {"matchLabels": {"x": "y"}}]
        }
        await plane.apply(CLUSTERROLES, whole)
        await plane.apply(CLUSTERROLES, role("a", "get", x="y", **{LABEL: "true"}))
        await plane.apply(CLUSTERROLES, role("b", "get", x="y"))
        rules = (await plane.get(CLUSTERROLES, "all"))["rules"]
        assert [rule["verbs"] for rule in rules] == [["get"]], "each rule once, whoever selects it"
        await plane.client.patch(CLUSTERROLES, "all", {"rules": role("", "delete")["rules"]}, "")
        await plane.settle()
        assert (await plane.get(CLUSTERROLES, "all"))["rules"] == rules


async def test_a_role_aggregates_what_another_has_aggregated_but_never_itself() -> None:
    async with running(only("clusterrole-aggregation-controller")) as plane:
        for name, inner in (("outer", "middle"), ("middle", "inner")):
            whole = role(name, "list", level=name)
            whole["aggregationRule"] = {
                "clusterRoleSelectors": [{"matchLabels": {"level": inner}}, {"matchLabels": {"level": name}}]
            }
            await plane.apply(CLUSTERROLES, whole)
        await plane.apply(CLUSTERROLES, role("leaf", "get", level="inner"))
        for name in ("outer", "middle"):
            assert [rule["verbs"] for rule in (await plane.get(CLUSTERROLES, name))["rules"]] == [["get"]]
