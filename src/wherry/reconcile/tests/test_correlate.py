from __future__ import annotations

from wherry.reconcile.correlate import BURST, COMBINED, Correlator, Occurrence, Record, Subject, Verdict

POD = Subject("v1", "Pod", "default", "web", "u1")


def occurrence(message: str = "m", subject: Subject = POD, reason: str = "Failed") -> Occurrence:
    return Occurrence(("kubelet", "n1"), subject, "", "Warning", reason, message)


def judged(correlator: Correlator, seen: Occurrence, now: float) -> Verdict:
    verdict = correlator.judge(seen, now)
    assert verdict is not None
    return verdict


def test_the_first_is_written_and_the_second_counts() -> None:
    correlator = Correlator()
    first = judged(correlator, occurrence(), 0)
    assert first.known is None
    correlator.remember(first.key, Record("default", "web.1", 1))
    again = judged(correlator, occurrence(), 1)
    assert again.known == Record("default", "web.1", 1)
    correlator.forget(again.key)
    assert judged(correlator, occurrence(), 2).known is None


def test_one_object_gets_twenty_five_at_once_and_then_one_in_five_minutes() -> None:
    correlator = Correlator()
    verdicts = [correlator.judge(occurrence(), 0) for _ in range(BURST + 5)]
    assert sum(verdict is not None for verdict in verdicts) == BURST
    assert correlator.judge(occurrence(), 299) is None
    assert correlator.judge(occurrence(), 301) is not None
    other = Subject("v1", "Pod", "default", "other", "u2")
    assert correlator.judge(occurrence(subject=other), 0) is not None


def test_many_messages_of_one_kind_become_one_event() -> None:
    correlator = Correlator()
    keys = {judged(correlator, occurrence(f"m{i}"), i).key for i in range(10)}
    assert len(keys) == 10
    combined = [judged(correlator, occurrence(f"m{i}"), i) for i in range(10, 13)]
    assert len({verdict.key for verdict in combined}) == 1
    assert combined[0].message == COMBINED + "m10"
    assert judged(correlator, occurrence("m3"), 13).message == "m3"
    assert judged(correlator, occurrence("late"), 13 + 601).message == "late"
