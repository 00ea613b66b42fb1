"""The scheduler: gives each Pod without a node one that fits, or says why none does.

- `PodInfo`, `NodeInfo` (`model.py`): what a decision looks at, taken from the views once; equal Pods share an `Ask`
- `Cluster` (`cluster.py`): all nodes and what is placed on them, including placements not yet written
- `Plugin` (`rules.py`): the shape of a rule; `plugins/` has one per file, `catalog.py` lists them in order
- `Planner` (`plan.py`): pod + cluster -> one node, or the reasons; pure. `Table` (`table.py`) is its memory
- `Population` (`counting/`): how many Pods of a kind there are by zone or host, kept as Pods come and go
- `Inventory` (`dynamic/`): the devices of the cluster, and the search for those that claims ask for
- `Queue` (`queue.py`): which Pod is next, and when one that did not fit is tried again
- `Scheduler` (`loop.py`): reads informers, decides in short turns, binds without waiting
- `Binding` (`binding.py`): one decision on its way into the API; `WaitingPods` (`permitting.py`) must be allowed first
- `Telling` (`telling.py`): why a Pod has no node, written in order, and not after it has one

Read `rules.py` first, then `plan.py`. A decision costs what has changed since the last one for an equal Pod, not what
there are nodes.
"""
