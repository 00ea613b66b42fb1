"""Deletes what has lost its owners, and helps owners go that want their dependents gone (or freed) first.

1. `graph.py`: who depends on whom, kept from informers on every kind's metadata; only objects with owners take room
2. `plan.py`: what is to become of one object: delete it, drop dangling references, release what holds it
3. `controller.py`: verifies at the API that an owner is absent before anything is deleted on that ground, and acts

Upstream's rules: background (the default), foreground (finalizer `foregroundDeletion`: blocking dependents go first)
and orphan (finalizer `orphan`: dependents lose their reference). An owner is looked for by its reference and must have
the reference's UID; one the informers do not show is asked for at the API before it counts as absent.
"""
