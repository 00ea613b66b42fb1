"""Rolls a Deployment's ReplicaSets from what they are to what its template says.

1. `revisions.py`: which ReplicaSet is the new one; names, hashes, revision numbers and annotations
2. `plan.py`: the steps in their order: paused? scaled? recreate, or roll; each yields scalings of ReplicaSets
3. `rolling.py`: how far old ones may shrink and the new one may grow; `proportional.py`: growing all in proportion
4. `status.py`: counts, conditions, progress and its deadline
5. `rollback.py`: back to an earlier revision, where an annotation asks for it
6. `controller.py`: claims ReplicaSets, carries the plan out, records Events

Read `plan.py` first. Everything but the controller is pure: ReplicaSets are modelled as `Replicas` values, so that the
status of a pass already counts what the pass decided.
"""
