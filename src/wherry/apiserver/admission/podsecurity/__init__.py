"""Pod Security Standards: what a namespace lets its pods be.

- `levels.py`: the labels of a namespace, read into a policy
- `baseline.py`, `restricted.py`: the checks, one function each, in the order in which they are reported
- `evaluate.py`: a pod against a level
- `plugin.py`: refuses pods, warns of workloads whose pods would be refused

Only the newest version of the standards is known: a label such as `enforce-version: v1.25` is accepted and shown, and
the checks are those of today.
"""
