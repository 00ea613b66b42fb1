from __future__ import annotations

from wherry.api.managedfields import sets
from wherry.api.managedfields.conflicts import FieldConflict, message, of_owners, refusal
from wherry.api.managedfields.entries import APPLY, UPDATE, Identity

APPLIER = Identity("flux", APPLY, "", "")
EDITOR = Identity("kubectl-edit", UPDATE, "apps/v1", "")
SCALER = Identity("hpa", UPDATE, "apps/v1", "scale")
REPLICAS = ("f:spec", "f:replicas")
IMAGE = ("f:spec", "f:containers", 'k:{"name":"web"}', "f:image")


def test_one_conflict() -> None:
    assert message([FieldConflict(EDITOR, REPLICAS)]) == (
        'Apply failed with 1 conflict: conflict with "kubectl-edit" using apps/v1: .spec.replicas'
    )
    assert message([FieldConflict(APPLIER, IMAGE)]) == (
        'Apply failed with 1 conflict: conflict with "flux": .spec.containers[name="web"].image'
    )
    assert message([FieldConflict(SCALER, REPLICAS)]) == (
        'Apply failed with 1 conflict: conflict with "hpa" with subresource "scale" using apps/v1: .spec.replicas'
    )


def test_several_conflicts_are_told_by_manager() -> None:
    conflicts = of_owners([(EDITOR, sets.of([IMAGE, REPLICAS])), (APPLIER, sets.of([REPLICAS]))])
    assert message(conflicts) == (
        "Apply failed with 3 conflicts: "
        'conflicts with "flux":\n- .spec.replicas\n'
        'conflicts with "kubectl-edit" using apps/v1:\n- .spec.replicas\n- .spec.containers[name="web"].image'
    )


def test_the_answer_names_every_field() -> None:
    status = refusal([FieldConflict(EDITOR, REPLICAS)]).status
    assert (status["code"], status["reason"]) == (409, "Conflict")
    assert status["details"] == {
        "causes": [
            {
                "reason": "FieldManagerConflict",
                "message": 'conflict with "kubectl-edit" using apps/v1',
                "field": ".spec.replicas",
            }
        ]
    }
