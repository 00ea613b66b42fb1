"""The scheduler: gives each Pod without a node one that fits, or says why none does.

- `PodInfo`, `NodeInfo` (`model.py`): what a decision looks at, taken from the views once
- `Cluster` (`cluster.py`): all nodes and what is placed on them, including placements not yet written
- `filters/`, `scores/`: one rule per file; `catalog.py` lists them in order
- `place` (`plan.py`): pod + cluster -> one node, or the reasons; pure
- `Queue` (`queue.py`): which Pod is next, and when one that did not fit is tried again
- `Scheduler` (`loop.py`): reads informers, decides in short turns, binds (`bind.py`) without waiting

Read `plan.py` first. It deliberately does not preempt, and knows no Pod affinity, topology spread or volumes yet; each
will be one more filter or score in the catalog.
"""
