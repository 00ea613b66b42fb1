"""Keeps Pods with names, and with claims of their own, one for each ordinal of a StatefulSet.

1. `revisions.py`: the ControllerRevisions of the present template and of the one before the rollout
2. `identity.py`: what a Pod of an ordinal is called and looks like
3. `claims.py`: the claims of a Pod, and whose they are under the retention policy
4. `plan.py`: missing and ended Pods first, then those beyond the range, then the rolling update; the status
5. `pods.py`: creates, mends and deletes, with the Events
6. `controller.py`: claims Pods, carries the plan out

Read `plan.py` first. With OrderedReady the first Pod that is not as it should be ends a pass; with Parallel none does.
"""
