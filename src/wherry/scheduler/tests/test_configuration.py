"""Profiles of files: which plugin is asked where, and what makes no profile."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from wherry.scheduler.cluster import Cluster
from wherry.scheduler.config.reading import read_configuration
from wherry.scheduler.configuration import UnusableProfile, make_profiles
from wherry.scheduler.model import PodInfo
from wherry.scheduler.profile import Profile
from wherry.scheduler.rules import Handle, Plugin, constant
from wherry.testing.clock import ManualClock
from wherry.testing.nothing import no_cluster

HEAD = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"


async def binds(pod: PodInfo, node: str) -> bool:
    return True


MINE = {
    "Sorter": constant(Plugin("Sorter", order=lambda queued: queued.turn)),
    "Permit": constant(Plugin("Permit", permit=lambda pod, node: None)),
    "Binder": constant(Plugin("Binder", bind=binds)),
    "Helper": constant(Plugin("Helper", nowhere=lambda pod: "done")),
    "Listener": constant(Plugin("Listener", post_bind=lambda pod, node: None)),
}


def profiles(text: str) -> Sequence[Profile]:
    found = read_configuration((HEAD + text).encode(), MINE)
    return make_profiles(found, Handle(no_cluster(), ManualClock(), random.Random(0), Cluster()))


def names(pairs: Sequence[tuple[str, object]]) -> list[str]:
    return [name for name, _ in pairs]


def test_the_default() -> None:
    (only,) = profiles("")
    assert only.order is not None
    assert only.order[0] == "PrioritySort"
    assert names(only.binders) == ["DefaultBinder"]
    assert (only.permits, only.post_binds) == ([], [])


def test_each_has_its_place() -> None:
    (only,) = profiles(
        "profiles: [{plugins: {multiPoint: {enabled: [{name: Permit}, {name: Binder}, {name: Listener}]}}}]"
    )
    assert (names(only.permits), names(only.post_binds)) == (["Permit"], ["Listener"])
    assert names(only.binders) == ["DefaultBinder", "Binder"]


def test_one_that_helps_where_nothing_fits() -> None:
    (only,) = profiles("profiles: [{plugins: {postFilter: {enabled: [{name: Helper}], disabled: [{name: '*'}]}}}]")
    assert len(only.last_resorts) == 1
    assert only.preemption is None


def test_one_enabled_at_its_point_alone() -> None:
    (only,) = profiles("profiles: [{plugins: {permit: {enabled: [{name: Permit}]}}}]")
    assert names(only.permits) == ["Permit"]


def test_one_disabled_at_its_point() -> None:
    (only,) = profiles(
        "profiles: [{plugins: {multiPoint: {enabled: [{name: Permit}]}, permit: {disabled: [{name: '*'}]}}}]"
    )
    assert names(only.permits) == []


def test_another_order() -> None:
    (only,) = profiles("profiles: [{plugins: {queueSort: {enabled: [{name: Sorter}], disabled: [{name: '*'}]}}}]")
    assert only.order is not None
    assert only.order[0] == "Sorter"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param(
            "multiPoint: {enabled: [{name: Sorter}]}",
            'only one queue sort plugin required for profile with scheduler name "default-scheduler", but got 2',
            id="two orders",
        ),
        pytest.param(
            "queueSort: {disabled: [{name: '*'}]}",
            'only one queue sort plugin required for profile with scheduler name "default-scheduler", but got 0',
            id="no order",
        ),
        pytest.param(
            "bind: {disabled: [{name: DefaultBinder}]}",
            'at least one bind plugin is needed for profile with scheduler name "default-scheduler"',
            id="nobody who binds",
        ),
        pytest.param(
            "permit: {enabled: [{name: NodeName}]}",
            'plugin "NodeName" does not extend PermitPlugin plugin',
            id="no permit",
        ),
        pytest.param(
            "permit: {enabled: [{name: Permit}, {name: Permit}]}",
            'plugin "Permit" already registered as "PermitPlugin"',
            id="twice",
        ),
    ],
)
def test_what_makes_no_profile(text: str, why: str) -> None:
    with pytest.raises(UnusableProfile, match=why):
        profiles(f"profiles: [{{plugins: {{{text}}}}}]")


@pytest.mark.parametrize(
    ("point", "has", "lacks"),
    [
        ("preEnqueue", ("SchedulingGates", "DefaultPreemption", "DynamicResources"), ("NodeName",)),
        ("preFilter", ("NodeAffinity", "VolumeZone"), ("NodeName", "NodeUnschedulable", "TaintToleration")),
        ("filter", ("NodeName", "TaintToleration"), ("ImageLocality",)),
        ("postFilter", ("DefaultPreemption", "DynamicResources"), ("NodeName",)),
        ("preScore", ("TaintToleration", "VolumeBinding"), ("ImageLocality", "DynamicResources", "NodePorts")),
        ("score", ("ImageLocality", "DynamicResources"), ("NodePorts",)),
        ("reserve", ("VolumeBinding", "DynamicResources"), ("NodeResourcesFit", "VolumeZone")),
        ("preBind", ("VolumeBinding", "DynamicResources"), ("NodeResourcesFit", "VolumeRestrictions")),
    ],
)
def test_which_plugins_can_be_named_where(point: str, has: Sequence[str], lacks: Sequence[str]) -> None:
    kind = f"{point[0].upper()}{point[1:]}Plugin"
    for name in has:
        profiles(f"profiles: [{{plugins: {{{point}: {{enabled: [{{name: {name}}}]}}}}}}]")
    for name in lacks:
        with pytest.raises(UnusableProfile, match=f'plugin "{name}" does not extend {kind} plugin'):
            profiles(f"profiles: [{{plugins: {{{point}: {{enabled: [{{name: {name}}}]}}}}}}]")


def test_a_plugin_that_cannot_be_made() -> None:
    def make(args: Mapping[str, Any], handle: Handle) -> Plugin:
        raise KeyError("licence")

    text = HEAD + "profiles: [{plugins: {multiPoint: {enabled: [{name: Mine}]}}}]"
    found = read_configuration(text.encode(), {"Mine": make})
    with pytest.raises(UnusableProfile, match="initializing plugin \"Mine\": 'licence'"):
        make_profiles(found, Handle(no_cluster(), ManualClock(), random.Random(0), Cluster()))


def test_profiles_must_sort_alike() -> None:
    both = "{queueSort: {disabled: [{name: PrioritySort}]}, multiPoint: {enabled: [{name: %s}]}}"
    text = f"profiles: [{{schedulerName: a, plugins: {both % 'Sorter'}}}, {{schedulerName: b, plugins: {{}}}}]"
    with pytest.raises(Exception, match="must be the same for all profiles"):
        profiles(text)
    text = "profiles: [{schedulerName: a}, {schedulerName: b, plugins: {multiPoint: "
    text += "{disabled: [{name: PrioritySort}], enabled: [{name: Sorter}]}}}]"
    with pytest.raises(UnusableProfile, match='different queue sort plugins for profile "b": "Sorter", first: "Prio'):
        profiles(text)
