from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api import Obj
from wherry.api.core.quotaspec.account import Account
from wherry.api.core.quotaspec.amounts import add

NOW = 1_700_000_000.0


def pod(cpu: str = "1", phase: str = "Running", **spec: Any) -> Obj:
    resources = {"requests": {"cpu": cpu}} if cpu else {}
    return {
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", "resources": resources}], **spec},
        "status": {"phase": phase},
    }


def test_refusals_are_worded_as_upstreams() -> None:
    account = Account("q", {"hard": {"requests.cpu": "2", "pods": "1", "limits.cpu": "9"}})
    more = account.more("pods", pod("1500m"), None, NOW)
    assert more is not None
    assert account.refusal("pods", pod("1500m"), more) == "failed quota: q: must specify limits.cpu for: c"
    account = Account("q", {"hard": {"requests.cpu": "2", "pods": "1"}})
    account.put("pods", "a", pod("1"), NOW)
    assert account.refusal("pods", pod("1500m"), account.more("pods", pod("1500m"), None, NOW) or {}) == (
        "exceeded quota: q, requested: pods=1,requests.cpu=1500m, used: pods=1,requests.cpu=1, "
        "limited: pods=1,requests.cpu=2"
    )


CROSS = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"namespaces": ["x"]}]}}
SCOPES = [
    pytest.param({"scopes": ["BestEffort"]}, pod(""), True, id="best effort"),
    pytest.param({"scopes": ["BestEffort"]}, pod("1"), False, id="burstable"),
    pytest.param({"scopes": ["NotBestEffort", "Terminating"]}, pod("1", activeDeadlineSeconds=5), True, id="deadline"),
    pytest.param({"scopes": ["Terminating"]}, pod("1"), False, id="no deadline"),
    pytest.param({"scopes": ["CrossNamespacePodAffinity"]}, pod("1", affinity=CROSS), True, id="other namespaces"),
    pytest.param({"scopes": ["PriorityClass"]}, pod("1"), False, id="no class"),
    pytest.param(("NotIn", ["high"]), pod("1"), True, id="no class is not that class"),
    pytest.param(("In", ["high"]), pod("1", priorityClassName="high"), True, id="that class"),
    pytest.param(("DoesNotExist", []), pod("1", priorityClassName="high"), False, id="some class"),
]


@pytest.mark.parametrize(("scope", "thing", "counts"), SCOPES)
def test_scopes(scope: Any, thing: Obj, counts: bool) -> None:
    if isinstance(scope, tuple):
        expression = {"scopeName": "PriorityClass", "operator": scope[0], "values": scope[1]}
        scope = {"scopeSelector": {"matchExpressions": [expression]}}
    account = Account("q", {"hard": {"pods": "9", "count/secrets": "1"}, **scope})
    assert (account.share("pods", thing, NOW) is not None) is counts
    assert account.share("secrets", {"metadata": {}}, NOW) is None


def test_updates_are_charged_for_what_grows() -> None:
    account = Account("q", {"hard": {"services.nodeports": "3", "services.loadbalancers": "0"}})
    ports = {"metadata": {}, "spec": {"type": "NodePort", "ports": [{}, {}]}}
    plain = {"metadata": {}, "spec": {"type": "ClusterIP", "ports": [{}, {}]}}
    account.put("services", "s", ports, NOW)
    assert account.more("services", plain, ports, NOW) == {}
    grown = account.more("services", ports, plain, NOW)
    assert grown is not None
    assert {name: str(amount) for name, amount in grown.items()} == {"services.nodeports": "2"}


pods = st.builds(
    pod, st.sampled_from(["", "100m", "1", "2"]), st.sampled_from(["Running", "Failed", "Pending", "Succeeded"])
)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.one_of(st.none(), pods)), max_size=20))
def test_what_is_used_is_always_the_sum_over_what_is_there(changes: list[tuple[str, Obj | None]]) -> None:
    account = Account("q", {"hard": {"pods": "9", "requests.cpu": "9", "count/pods": "9"}})
    there: dict[str, Obj] = {}
    for name, thing in changes:
        if thing is None:
            there.pop(name, None)
            account.drop("pods", name)
        else:
            there[name] = thing
            account.put("pods", name, thing, NOW)
    total: Any = {}
    for thing in there.values():
        add(total, account.share("pods", thing, NOW) or {})
    used = {name: amount.value for name, amount in account.used.items() if amount.value}
    assert used == {name: amount.value for name, amount in total.items()}
