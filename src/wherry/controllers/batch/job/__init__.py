"""Runs Pods until enough of them have succeeded or too much has failed.

1. `counting.py`: which Pods ended how, each counted exactly once with the help of the tracking finalizer
2. `indexes.py`: sets of completion indexes and their text form (`1,3-5`)
3. `policies.py`: podFailurePolicy, successPolicy, back-off limits: what a failure means
4. `plan.py`: is the Job done, failed, suspended, late? How many Pods are to be created or deleted?
5. `controller.py`: writes the status first, then takes finalizers off, then creates and deletes

A Pod carries the finalizer `batch.kubernetes.io/job-tracking` until its end stands in the Job's status. A finished
Pod's UID is first written to `uncountedTerminatedPods`, then the finalizer comes off, then the UID becomes a number: a
crash at any point neither loses nor doubles a count. The success of an index is idempotent and goes into
`completedIndexes` at once.
"""
