"""Which passes start a Job, by upstream's table: a CronJob of nine o'clock that ran, or did not, before it is ten."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.types.batch_v1 import CronJob
from wherry.api.types.core_v1 import ObjectReference
from wherry.api.types.decoding import convert
from wherry.controllers.batch.cronjob.plan import Plan, job_name, new_job, plan, wait_after_change
from wherry.lib.clock import format_time


def at(clock: str, day: int = 19) -> float:
    hour, minute, *second = map(int, clock.split(":"))
    return datetime(2016, 5, day, hour, minute, second[0] if second else 0, tzinfo=UTC).timestamp()


NEW_YORK = "America/New_York"
BEFORE, AFTER, A_WEEK_LATER = at("9:59"), at("10:01"), at("10:00", day=26)
SHORT, MEDIUM, LONG = 10, 2 * 60 * 60, 1_000_000
EARLIER = ObjectReference(kind="Job", name="tick-24394140", namespace="default", uid="earlier")


def cron_job(schedule: str = "0 * * * *", ran: str = "", **spec: Any) -> CronJob:
    metadata: Obj = {"name": "tick", "namespace": "default", "uid": "u", "creationTimestamp": format_time(at("8:59"))}
    if spec.pop("going", False):
        metadata["deletionTimestamp"] = format_time(BEFORE)
    status = {"lastScheduleTime": format_time(at(ran))} if ran else {}
    whole = {"schedule": schedule, "jobTemplate": {"spec": {"template": {}}}, "concurrencyPolicy": "Allow", **spec}
    return convert(CronJob, {"metadata": metadata, "spec": whole, "status": status})


def said(decided: Plan) -> str:
    """When what is started was due, and what is told."""
    due = [] if decided.start is None else [format_time(decided.start)[11:16]]
    return " ".join([*due, *(["replaces"] if decided.replaces else []), *(note.reason for note in decided.notes)])


@pytest.mark.parametrize("policy", ["Allow", "Forbid", "Replace"])
@pytest.mark.parametrize(
    ("ran", "now", "spec", "expected"),
    [
        pytest.param("", BEFORE, {"schedule": "obvious error schedule"}, "UnparseableSchedule", id="no schedule"),
        pytest.param("", BEFORE, {"timeZone": "bad timezone"}, "UnknownTimeZone", id="no time zone"),
        pytest.param("9:00", BEFORE, {}, "", id="not time"),
        pytest.param("9:00", BEFORE, {"timeZone": NEW_YORK}, "", id="not time in zone"),
        pytest.param("", AFTER, {}, "10:00", id="never ran, is time"),
        pytest.param("", AFTER, {"timeZone": NEW_YORK}, "10:00", id="never ran, is time in zone"),
        pytest.param("", AFTER, {"schedule": "0 6 * * *", "timeZone": NEW_YORK}, "10:00", id="six in New York"),
        pytest.param(
            "", AFTER, {"schedule": "TZ=UTC 0 * * * *"}, "10:00 UnsupportedSchedule", id="a zone in the schedule"
        ),
        pytest.param("", AFTER, {"suspend": True}, "", id="suspended"),
        pytest.param("", AFTER, {"going": True}, "", id="on its way out"),
        pytest.param("", AFTER, {"startingDeadlineSeconds": SHORT}, "", id="past deadline"),
        pytest.param("", AFTER, {"startingDeadlineSeconds": LONG}, "10:00", id="not past deadline"),
        pytest.param("9:01", AFTER, {}, "10:00", id="ran before, is time"),
        pytest.param("10:00", AFTER, {}, "", id="ran already"),
        pytest.param("10:01", BEFORE, {}, "", id="ran already, and time drifted back"),
        pytest.param("9:01", A_WEEK_LATER, {}, "10:00 TooManyMissedTimes", id="long overdue"),
        pytest.param(
            "9:01",
            A_WEEK_LATER,
            {"startingDeadlineSeconds": LONG},
            "10:00 TooManyMissedTimes",
            id="long overdue, not past deadline",
        ),
        pytest.param(
            "9:01", A_WEEK_LATER, {"startingDeadlineSeconds": MEDIUM}, "10:00", id="long overdue, two hours of it count"
        ),
        pytest.param("9:01", A_WEEK_LATER, {"startingDeadlineSeconds": SHORT}, "10:00", id="long overdue, just due"),
    ],
)
def test_when_no_job_runs(policy: str, ran: str, now: float, spec: Obj, expected: str) -> None:
    decided = plan(cron_job(ran=ran, concurrencyPolicy=policy, **spec), (), now)
    starts = decided.start is not None
    assert said(decided).replace(" replaces", "") == expected
    assert decided.replaces is (starts and policy == "Replace")


@pytest.mark.parametrize(
    ("policy", "now", "spec", "expected"),
    [
        ("Allow", BEFORE, {}, ""),
        ("Forbid", BEFORE, {}, ""),
        ("Replace", BEFORE, {}, ""),
        ("Allow", AFTER, {}, "10:00"),
        ("Forbid", AFTER, {}, "JobAlreadyActive"),
        ("Replace", AFTER, {}, "10:00 replaces"),
        ("Forbid", AFTER, {"startingDeadlineSeconds": SHORT}, ""),
        ("Forbid", AFTER, {"suspend": True}, ""),
    ],
)
def test_when_an_earlier_job_still_runs(policy: str, now: float, spec: Obj, expected: str) -> None:
    assert said(plan(cron_job(ran="9:00", concurrencyPolicy=policy, **spec), (EARLIER,), now)) == expected


def test_a_job_of_that_time_on_the_list_is_not_made_again() -> None:
    owner = cron_job(ran="9:00")
    listed = ObjectReference(kind="Job", name=job_name(owner, int(at("10:00"))), namespace="default", uid="x")
    assert said(plan(owner, (listed,), AFTER)) == ""


@pytest.mark.parametrize(
    ("schedule", "ran", "now", "expected"),
    [
        ("0 * * * *", "9:00", BEFORE, 60.1),
        ("0 * * * *", "10:00", AFTER, 59 * 60 + 0.1),
        ("@every 1h", "", BEFORE, 3600.1),
        ("@every 1h", "9:59", at("10:00"), 59 * 60 + 0.1),
    ],
)
def test_when_to_look_again(schedule: str, ran: str, now: float, expected: float) -> None:
    decided = plan(cron_job(schedule, ran=ran, concurrencyPolicy="Forbid"), (EARLIER,), now)
    assert decided.look_again == pytest.approx(expected)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param({}, {"suspend": True}, None, id="the same times"),
        pytest.param({}, {"schedule": "*/20 * * * *"}, 19 * 60 + 0.1, id="other times"),
        pytest.param({}, {"timeZone": "Asia/Kathmandu"}, 14 * 60 + 0.1, id="another zone"),
        pytest.param({}, {"schedule": "nonsense"}, 0.0, id="no times"),
    ],
)
def test_a_new_schedule_begins_with_its_next_time(before: Obj, after: Obj, expected: float | None) -> None:
    wait = wait_after_change(cron_job(**before), cron_job(**after), AFTER)
    assert wait == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(("zone", "stamp"), [(None, "2016-05-19T10:00:00Z"), (NEW_YORK, "2016-05-19T06:00:00-04:00")])
def test_a_job_is_told_when_it_was_due(zone: str | None, stamp: str) -> None:
    made = new_job(cron_job(timeZone=zone), int(at("10:00")))
    assert made["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"] == stamp
    assert made["metadata"]["name"] == "tick-24394200"
