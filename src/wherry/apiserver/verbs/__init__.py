"""One verb per file, generic over kinds: what differs by kind is on its `Resource`.

- `create`, `update`, `patch`, `delete`, `deletecollection` write; `get`, `list`, `watch` read
- `alter.py`: read, change, compare-and-set, again on conflict: what updates and patches have in common

Verbs know neither HTTP nor JSON text: they take a `Core`, a `Call` and plain objects, and answer an `Outcome`. Begin
with `create.py`.
"""
