"""Keeps one Pod on every node that a DaemonSet's template fits.

1. `history.keep`: the ControllerRevision of the present template, whose hash new Pods carry
2. `nodes.py`: should a Pod run on a node, may one that is there stay
3. `plan.py`: Pods to create and delete: first what is missing or wrong, then the rolling update
4. `failures.py`: how long failed Pods stay where others failed before
5. `controller.py`: acts, writes the status

Pods are made for a node by a node affinity on `metadata.name`; the scheduler still binds them.
"""
