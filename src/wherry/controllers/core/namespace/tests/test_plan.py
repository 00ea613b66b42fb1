from __future__ import annotations

import pytest

from wherry.controllers.core.namespace.plan import Remains, conditions_for
from wherry.controllers.tests.views import NOW
from wherry.lib.clock import format_time

_SOME = "Some resources are remaining: "
_HELD = "Some content in the namespace has finalizers remaining: "
CASES = [
    pytest.param(
        Remains(failures=["widgets.example.com is ill", "a.example.com is gone"]),
        "NamespaceDeletionContentFailure",
        (
            "ContentDeletionFailed",
            "Failed to delete all resource types, 2 remaining: a.example.com is gone, widgets.example.com is ill",
        ),
        id="failures",
    ),
    pytest.param(
        Remains(kinds={"secrets.": 1, "deployments.apps": 2}),
        "NamespaceContentRemaining",
        ("SomeResourcesRemain", f"{_SOME}deployments.apps has 2 resource instances, secrets. has 1 resource instances"),
        id="content",
    ),
    pytest.param(
        Remains(kinds={"secrets.": 3}, finalizers={"x.io/b": 1, "x.io/a": 2}),
        "NamespaceFinalizersRemaining",
        ("SomeFinalizersRemain", f"{_HELD}x.io/a in 2 resource instances, x.io/b in 1 resource instances"),
        id="finalizers",
    ),
    pytest.param(
        Remains(discovery_failure="Discovery failed for some groups, 1 failing: x"),
        "NamespaceDeletionDiscoveryFailure",
        ("DiscoveryFailed", "Discovery failed for some groups, 1 failing: x"),
        id="groups",
    ),
]


@pytest.mark.parametrize(("remains", "type", "said"), CASES)
def test_what_a_condition_says(remains: Remains, type: str, said: tuple[str, str]) -> None:
    found = {each["type"]: each for each in conditions_for(remains, (), NOW)}
    assert len(found) == 5
    assert (found[type]["status"], found[type]["reason"], found[type]["message"]) == ("True", *said)


def test_a_condition_that_ends_says_so_where_it_stood() -> None:
    troubled = conditions_for(Remains(kinds={"secrets.": 1}), (), NOW)
    other = {"type": "Mine", "status": "True"}
    after = conditions_for(Remains(), [other, *troubled], NOW + 5)
    assert [each["type"] for each in after] == ["Mine", *(each["type"] for each in troubled)]
    stamps = {each["type"]: each["lastTransitionTime"] for each in after[1:]}
    assert stamps.pop("NamespaceContentRemaining") == format_time(NOW + 5)
    assert set(stamps.values()) == {format_time(NOW)}
