"""What a Deployment says of its progress, by upstream's table: three Pods are wanted, with 60 seconds for each step."""

from __future__ import annotations

import pytest

from wherry.api import Obj
from wherry.controllers import conditions
from wherry.controllers.apps.deployment.model import Replicas, Rollout
from wherry.controllers.apps.deployment.status import PROGRESSING, check_in, counted, progressed
from wherry.lib.clock import format_time

NOW = 1_700_000_000.0
LONG_AGO, JUST_NOW = format_time(NOW - 100), format_time(NOW - 10)


def rollout(deadline: int | None) -> Rollout:
    return Rollout("foo", 3, 1, 1, is_rolling=True, generation=1, deadline=deadline)


def told(reason: str, status: str, when: str, deadline: int | None, available: int, before: int) -> Obj | None:
    """Progressing after a pass in which the new ReplicaSet's Pods are `available`, `before` of which were already."""
    old: Obj = {"observedGeneration": 1, "replicas": 3, "updatedReplicas": 3, "readyReplicas": before}
    old["availableReplicas"] = before
    if reason:
        stamps = {"lastUpdateTime": when, "lastTransitionTime": when}
        old["conditions"] = [{"type": PROGRESSING, "status": status, "reason": reason, **stamps}]
    new = Replicas("foo-1", 3, actual=3, ready=available, available=available, terminating=0)
    asked = rollout(deadline)
    status_now = progressed(asked, old, counted(asked, old, [new], new, NOW), [new], new, NOW)
    return conditions.find(status_now["conditions"], PROGRESSING)


@pytest.mark.parametrize(
    ("reason", "status", "when", "before", "available", "expected"),
    [
        pytest.param("", "", "", 0, 0, None, id="nothing is known and nothing happens"),
        pytest.param("", "", "", 0, 1, ("True", "ReplicaSetUpdated", NOW), id="the first progress"),
        pytest.param(
            "ReplicaSetUpdated", "True", JUST_NOW, 0, 0, ("True", "ReplicaSetUpdated", NOW - 10), id="there is time"
        ),
        pytest.param(
            "ReplicaSetUpdated", "True", LONG_AGO, 0, 1, ("True", "ReplicaSetUpdated", NOW - 100), id="more progress"
        ),
        pytest.param(
            "ReplicaSetUpdated", "True", LONG_AGO, 1, 1, ("False", "ProgressDeadlineExceeded", NOW), id="time is up"
        ),
        pytest.param(
            "ProgressDeadlineExceeded",
            "False",
            LONG_AGO,
            1,
            1,
            ("False", "ProgressDeadlineExceeded", NOW - 100),
            id="it was up before",
        ),
        pytest.param(
            "ProgressDeadlineExceeded", "False", LONG_AGO, 1, 2, ("True", "ReplicaSetUpdated", NOW), id="late progress"
        ),
        pytest.param(
            "ReplicaSetUpdated", "True", LONG_AGO, 2, 3, ("True", "NewReplicaSetAvailable", NOW - 100), id="it is over"
        ),
        pytest.param(
            "ProgressDeadlineExceeded",
            "False",
            LONG_AGO,
            2,
            3,
            ("True", "NewReplicaSetAvailable", NOW),
            id="over, though late",
        ),
        pytest.param(
            "NewReplicaSetAvailable",
            "True",
            LONG_AGO,
            3,
            1,
            ("True", "NewReplicaSetAvailable", NOW - 100),
            id="Pods that fail after the rollout do not begin it anew",
        ),
    ],
)
def test_progress(
    reason: str, status: str, when: str, before: int, available: int, expected: tuple[str, str, float] | None
) -> None:
    found = told(reason, status, when, 60, available, before)
    if expected is None:
        assert found is None
        return
    assert found is not None
    assert (found["status"], found["reason"], found["lastTransitionTime"]) == (
        *expected[:2],
        format_time(expected[2]),
    )


def test_who_gives_no_time_hears_of_no_progress() -> None:
    assert told("ReplicaSetUpdated", "True", LONG_AGO, None, 1, 0) is None


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("ReplicaSetUpdated", 51.0), ("ProgressDeadlineExceeded", None), ("NewReplicaSetAvailable", None), ("", None)],
)
def test_when_to_look_again(reason: str, expected: float | None) -> None:
    found = [{"type": PROGRESSING, "status": "True", "reason": reason, "lastUpdateTime": JUST_NOW}] if reason else []
    status: Obj = {"replicas": 3, "updatedReplicas": 3, "observedGeneration": 1, "conditions": found}
    assert check_in(rollout(60), status, NOW) == expected
    assert check_in(rollout(60), {**status, "availableReplicas": 3}, NOW) is None
