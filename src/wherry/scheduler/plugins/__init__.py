"""The scheduler's rules, one of upstream's plugins per file; `scheduler/catalog.py` lists them in order.

- `nodeaffinity.py`, `tainttoleration.py` ...: a `Plugin` each, or a `Make` for those with settings

Read `tainttoleration.py` first: a filter, a score and hints. `scheduler/rules.py` says what each of these words means.
"""
