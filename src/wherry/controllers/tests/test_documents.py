from __future__ import annotations

from wherry.controllers.documents import status_patch


def test_nothing_changed_is_no_patch() -> None:
    assert status_patch({"replicas": 1}, {"replicas": 1}) is None


def test_what_is_gone_is_null() -> None:
    assert status_patch({"active": 1, "ready": 1}, {"ready": 1}) == {"status": {"active": None}}


def test_a_zero_that_is_new_is_written_only_with_other_changes() -> None:
    assert status_patch({}, {"replicas": 0}) is None
    assert status_patch({}, {"replicas": 0, "observedGeneration": 1}) == {
        "status": {"replicas": 0, "observedGeneration": 1}
    }
    assert status_patch({"replicas": 3}, {"replicas": 0}, "7") == {
        "status": {"replicas": 0},
        "metadata": {"resourceVersion": "7"},
    }
