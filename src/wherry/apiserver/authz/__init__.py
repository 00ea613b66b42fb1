"""Authorization: whether a user may do what they ask for.

- `Authorization` (`chain.py`): the visible list of authorizers; the first that allows has decided
- `Rbac` (`rbac.py`): roles and bindings, compiled per user, decisions remembered until a role changes
- `NodeAuthorizer` (`node.py`): a node reaches what its pods refer to, and itself
- `rules.py`: what one rule covers; pure
- `policy.py`: upstream's default roles and bindings as a table; `bootstrap.py` keeps them as they should be
- `aggregation.py`: roles that are made of other roles
- `escalation.py`: nobody grants what they do not have

Read `rules.py`, then `rbac.py`. Everything is read from the watch cache, at once; nothing here waits.
"""
