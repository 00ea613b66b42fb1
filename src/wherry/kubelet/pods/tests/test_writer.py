"""What is sent of a status."""

from __future__ import annotations

from wherry.kubelet.pods.writer import status_patch


def test_only_what_changed() -> None:
    sent = {"phase": "Pending", "qosClass": "BestEffort", "conditions": [{"type": "Ready", "status": "False"}]}
    wanted = {"phase": "Running", "qosClass": "BestEffort", "conditions": [{"type": "Ready", "status": "False"}]}
    assert status_patch(sent, wanted) == {"phase": "Running"}
    assert status_patch(wanted, wanted) == {}


def test_conditions_go_one_by_one_and_forget_their_reasons() -> None:
    sent = {"conditions": [{"type": "A", "status": "True"}, {"type": "B", "status": "False", "reason": "Why"}]}
    wanted = {"conditions": [{"type": "A", "status": "True"}, {"type": "B", "status": "True"}]}
    assert status_patch(sent, wanted) == {"conditions": [{"type": "B", "status": "True", "reason": None}]}


def test_others_conditions_are_left_alone() -> None:
    sent = {"conditions": [{"type": "DisruptionTarget", "status": "True"}]}
    assert status_patch(sent, {"conditions": []}) == {}


def test_addresses_replace_each_other() -> None:
    sent = {"podIP": "1", "podIPs": [{"ip": "1"}]}
    wanted = {"podIP": "2", "podIPs": [{"ip": "2"}]}
    assert status_patch(sent, wanted) == {"podIP": "2", "podIPs": [{"$patch": "replace"}, {"ip": "2"}]}
    assert status_patch({}, wanted)["podIPs"] == [{"ip": "2"}]


def test_a_reason_that_is_over_is_taken_back() -> None:
    assert status_patch({"reason": "X", "message": "y"}, {}) == {"reason": None, "message": None}


def test_a_resize_that_is_over_takes_its_condition_along() -> None:
    pending = {"type": "PodResizePending", "status": "True"}
    gate = {"type": "example.com/gate", "status": "True"}
    assert status_patch({"conditions": [pending, gate]}, {"conditions": []}) == {
        "conditions": [{"$patch": "delete", "type": "PodResizePending"}]
    }


def test_zeros_that_a_view_does_not_show_are_no_change() -> None:
    shown = {"name": "c", "image": "i"}
    stored = {**shown, "restartCount": 0, "ready": False}
    assert status_patch({"containerStatuses": [shown]}, {"containerStatuses": [stored]}) == {}
    restarted = {"containerStatuses": [{**stored, "restartCount": 1}]}
    assert status_patch({"containerStatuses": [shown]}, restarted) == restarted
    assert status_patch({"containerStatuses": []}, {"containerStatuses": [stored]}) == {"containerStatuses": [stored]}
