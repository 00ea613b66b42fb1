"""Runs Pods until enough of them have succeeded or too much has failed.

1. `counting.py`: which Pods ended how, each counted exactly once with the help of the tracking finalizer
2. `indexes.py`: sets of completion indexes and their text form (`1,3-5`)
3. `policies.py`: podFailurePolicy, successPolicy, limits per index: what a failure means; `backoff.py`: the waiting
4. `ending.py`: is the Job over, and why? `plan.py`: how many Pods are to be created or deleted, and what to write
5. `newpods.py`: the Pods as they are made
6. `controller.py`: creates and deletes, writes the status, takes finalizers off, and counts what is free

A Pod carries the finalizer `batch.kubernetes.io/job-tracking` until its end stands in the Job's status. A finished
Pod's UID is first written to `uncountedTerminatedPods`, then the finalizer comes off, then the UID becomes a number: a
crash at any point neither loses nor doubles a count. The success of an index is idempotent and goes into
`completedIndexes` at once.
"""
