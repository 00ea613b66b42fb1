"""Which nodes a Pod asks for, and which it would rather have: upstream's cases, with upstream's numbers."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest

from wherry.scheduler.cluster import Cluster
from wherry.scheduler.plugins.nodeaffinity import make
from wherry.scheduler.plugins.tests.placed import a_cluster, a_node, a_pod, refusals, scores
from wherry.scheduler.rules import Handle, Plugin
from wherry.testing.clock import ManualClock
from wherry.testing.nothing import no_cluster

UNASKED = "node(s) didn't match Pod's node affinity/selector"
NOT_OF_PROFILE = "node(s) didn't match scheduler-enforced node affinity"


def where(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"key": key, "operator": operator, "values": list(values)}


def term(*expressions: dict[str, Any], fields: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {"matchExpressions": list(expressions), "matchFields": list(fields)}


def required(*terms: dict[str, Any]) -> dict[str, Any]:
    return {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}


def preferred(*terms: tuple[int, dict[str, Any]]) -> dict[str, Any]:
    told = [{"weight": weight, "preference": one} for weight, one in terms]
    return {"preferredDuringSchedulingIgnoredDuringExecution": told}


def asks(affinity: Mapping[str, Any]) -> dict[str, Any]:
    return {"affinity": {"nodeAffinity": affinity}}


def of(added: Mapping[str, Any] | None = None) -> Plugin:
    handle = Handle(no_cluster(), ManualClock(), random.Random(0), Cluster())
    return make({"addedAffinity": added} if added is not None else {}, handle)


def named(*names: str) -> dict[str, Any]:
    return where("metadata.name", "In", *names)


FOO = where("foo", "In", "bar", "value2")
GPU = {"GPU": "NVIDIA-GRID-K1"}
BAR = {"foo": "bar"}

FILTERED: dict[str, tuple[dict[str, Any], Mapping[str, str], str]] = {
    "selector, no labels": ({"nodeSelector": BAR}, {}, UNASKED),
    "selector, same labels": ({"nodeSelector": BAR}, BAR, ""),
    "selector, more labels": ({"nodeSelector": BAR}, BAR | {"baz": "blah"}, ""),
    "selector, fewer labels": ({"nodeSelector": BAR | {"baz": "blah"}}, BAR, UNASKED),
    "In": (asks(required(term(FOO))), BAR, ""),
    "In others": (asks(required(term(where("foo", "In", "value1", "value2")))), BAR, UNASKED),
    "NotIn": (asks(required(term(where("mem-type", "NotIn", "DDR", "DDR2")))), {"mem-type": "DDR3"}, ""),
    "NotIn, without the label": (asks(required(term(where("mem-type", "NotIn", "DDR")))), {}, ""),
    "Exists": (asks(required(term(where("GPU", "Exists")))), GPU, ""),
    "DoesNotExist": (asks(required(term(where("GPU", "DoesNotExist")))), GPU, UNASKED),
    "Gt": (asks(required(term(where("kernel-version", "Gt", "0204")))), {"kernel-version": "0206"}, ""),
    "Gt, and no more than that": (asks(required(term(where("v", "Gt", "206")))), {"v": "206"}, UNASKED),
    "Lt": (asks(required(term(where("v", "Lt", "206")))), {"v": "205"}, ""),
    "Lt, and no number": (asks(required(term(where("v", "Lt", "206")))), {"v": "many"}, UNASKED),
    "a term that says nothing": (asks(required(term())), BAR, UNASKED),
    "no affinity": ({}, BAR, ""),
    "affinity without requirements": (asks({}), BAR, ""),
    "all of a term": (
        asks(required(term(where("GPU", "Exists"), where("GPU", "NotIn", "AMD", "INTER")))),
        GPU,
        "",
    ),
    "not all of a term": (
        asks(required(term(where("GPU", "Exists"), where("GPU", "In", "AMD", "INTER")))),
        GPU,
        UNASKED,
    ),
    "any of several terms": (asks(required(term(where("x", "In", "wrong")), term(FOO))), BAR, ""),
    "affinity and selector": ({"nodeSelector": BAR, **asks(required(term(where("foo", "Exists"))))}, BAR, ""),
    "affinity without the selector": (
        {"nodeSelector": BAR, **asks(required(term(where("foo", "Exists"))))},
        {"foo": "barrrrrr"},
        UNASKED,
    ),
    "the name": (asks(required(term(fields=(named("n"),)))), {}, ""),
    "another name": (asks(required(term(fields=(named("other"),)))), {}, UNASKED),
    "not this name": (asks(required(term(fields=(where("metadata.name", "NotIn", "n"),)))), {}, UNASKED),
    "two terms, of which the name does not": (
        asks(required(term(fields=(named("other"), named("n"))), term(FOO))),
        BAR,
        "",
    ),
    "one term, of which the name does not": (asks(required(term(FOO, fields=(named("other"),)))), BAR, UNASKED),
    "one term, of which both do": (asks(required(term(FOO, fields=(named("n"),)))), BAR, ""),
    "two terms, and neither does": (
        asks(required(term(fields=(named("other"),)), term(where("foo", "In", "baz")))),
        BAR,
        UNASKED,
    ),
    "two names, one by one": (asks(required(term(fields=(named("other"),)), term(fields=(named("n"),)))), {}, ""),
    "two names at once": (
        asks(required(term(fields=(named("n"), named("other"))))),
        {},
        "pod affinity terms conflict",
    ),
    "wishes are no needs": (asks(preferred((1, term(where("GPU", "Exists"))))), {}, ""),
}


@pytest.mark.parametrize(("spec", "labels", "expected"), FILTERED.values(), ids=FILTERED)
def test_filters(spec: dict[str, Any], labels: Mapping[str, str], expected: str) -> None:
    found = refusals(of(), a_pod("p", **spec), a_cluster(a_node("n", labels)))
    assert found == ({"n": expected} if expected else {})


ADDED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "both": (asks(required(term(where("zone", "In", "foo")))), required(term(fields=(named("n"),))), ""),
    "only the profile's": (
        asks(required(term(where("zone", "In", "bar")))),
        required(term(fields=(named("n"),))),
        UNASKED,
    ),
    "only the Pod's": (
        asks(required(term(where("zone", "In", "foo")))),
        required(term(where("zone", "In", "bar"))),
        NOT_OF_PROFILE,
    ),
    "not the profile's": ({}, required(term(where("zone", "In", "bar"))), NOT_OF_PROFILE),
}


@pytest.mark.parametrize(("spec", "added", "expected"), ADDED.values(), ids=ADDED)
def test_what_a_profile_asks_beside(spec: dict[str, Any], added: dict[str, Any], expected: str) -> None:
    found = refusals(of(added), a_pod("p", **spec), a_cluster(a_node("n", {"zone": "foo"})))
    assert found == ({"n": expected} if expected else {})


ONE = preferred((2, term(where("foo", "In", "bar"))))
KEY = where("key", "In", "value")
MANY = preferred(
    (2, term(where("foo", "In", "bar"))),
    (4, term(KEY)),
    (5, term(where("foo", "In", "bar"), KEY, where("az", "In", "az1"))),
)
NODES = {
    "foo": {"foo": "bar"},
    "key": {"key": "value"},
    "az": {"az": "az1"},
    "all": {"foo": "bar", "key": "value", "az": "az1"},
}

SCORED: dict[str, tuple[dict[str, Any], dict[str, Any] | None, str, list[int] | None]] = {
    "no wishes": ({}, None, "foo key az", None),
    "nobody has it": (asks(ONE), None, "key az", [0, 0]),
    "one has it": (asks(ONE), None, "foo key az", [100, 0, 0]),
    "by weight": (asks(MANY), None, "foo all key", [18, 100, 36]),
    "the profile's": ({}, ONE, "foo key", [100, 0]),
    "the profile's and the Pod's": (asks(ONE), preferred((3, term(KEY))), "foo key all", [40, 60, 100]),
    "a wish that says nothing": (asks(preferred((9, term()), (1, term(KEY)))), None, "foo key", [0, 100]),
}


@pytest.mark.parametrize(("spec", "added", "nodes", "expected"), SCORED.values(), ids=SCORED)
def test_scores(spec: dict[str, Any], added: dict[str, Any] | None, nodes: str, expected: list[int] | None) -> None:
    cluster = a_cluster(*(a_node(name, NODES[name]) for name in nodes.split()))
    found = scores(of(added), a_pod("p", **spec), cluster)
    assert (found and [found[name] for name in nodes.split()]) == expected
