"""Empties a namespace that is being deleted and then lets it go.

1. `controller.empty`: Pods first; when none is left, everything else that can be listed and deleted
2. `plan.conditions_for`: what remains and why, as upstream's five conditions
3. when nothing remains, the finalizer `kubernetes` is taken off through the `finalize` subresource

`system.py` puts back those that every cluster has.
"""
