"""Keeps the status of PodDisruptionBudgets true, so that evictions know what they may still take away.

- `members.py`: which Pods a budget is about
- `plan.py`: how many Pods are expected, wanted and healthy, and so how many may go
- `scales.py`: how many Pods the controllers of Pods want
- `controller.py`: the budgets; `stale.py`: announcements of an end that never came

Whoever evicts spends `disruptionsAllowed` in the same write in which it names the Pod in `disruptedPods`
(`apiserver/subresources/eviction.py`); this controller counts anew from what Pods there are. A Pod stays named until it
is seen to go, or for two minutes. Read `plan.py` first.
"""
