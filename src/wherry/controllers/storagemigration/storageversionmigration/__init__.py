"""Rewrites all objects of a kind, so that they are kept in its present storage version.

`controller.py` applies nothing to each object: the API server writes what is not kept as it should be, and leaves the
rest alone. An object that changes meanwhile has been migrated by whoever changed it.
"""
