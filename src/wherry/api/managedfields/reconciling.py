"""Sets of places from before a kind's shape changed, brought into the terms of the shape as it is now.

A value that has become atomic is owned as a whole by whoever owned a part of it. One that has become granular keeps its
one owner until somebody writes a part. Of what is deduced from values nothing is known that could have changed.
"""

from __future__ import annotations

from wherry.api.managedfields.sets import LEAF, Fields
from wherry.api.schema.nodes import DEDUCED, Node, Sort


def reconcile(node: Node, fields: Fields) -> Fields:
    """The set in today's terms: the very same one when there is nothing to change."""
    reconciled: Fields | None = None
    for step, below in fields.items():
        if not below:
            continue  # A member with nothing below it is whole already.
        found = node.child(step[2:]) if step[0] == "f" else (node.item or DEDUCED)
        if found is None or found.sort is Sort.DEDUCED:
            continue
        inner = LEAF if _is_atomic(found) else reconcile(found, below)
        if inner is not below:
            reconciled = dict(fields) if reconciled is None else reconciled
            reconciled[step] = inner
    return fields if reconciled is None else reconciled


def _is_atomic(node: Node) -> bool:
    if node.sort is Sort.LIST:
        return not node.keys and not node.is_set
    return node.sort is Sort.MAP and node.is_atomic
