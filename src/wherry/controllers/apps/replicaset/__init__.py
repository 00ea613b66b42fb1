"""Keeps as many Pods of one template alive as a ReplicaSet (or a ReplicationController) wants.

1. `claiming.claim_children`: adopt matching orphans, release strangers
2. `plan.plan_scaling`: how many to create, which to delete; not while own writes are still on their way
3. `controller.Scaler`: creates in growing batches, deletes
4. `plan.next_status`: counts and the ReplicaFailure condition, written when they differ

Read `plan.py` first. `controller.py` declares both kinds; all else is shared.
"""
