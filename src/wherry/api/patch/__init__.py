"""The three ways to describe a change of an object, as pure functions.

- `apply`: one change of any of the three sorts, with upstream's errors (`applying.py`)
- `json_patch.py`: a list of operations (RFC 6902)
- `merge.py`: the fields that change, null for those that go (RFC 7386); `diff` makes such a patch
- `strategic.py`: the same, but lists merge by key where the schema says so, and directives say the rest

All of them use up the object that they are given: it, or parts of it, becomes the result. The patch is never changed,
and nothing of it is shared with the result, so it can be applied again after a conflict.
"""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.schema import Schema

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"


def apply(patch_type: str, obj: Obj, patch: Any, schema: Schema) -> Obj:
    """The object after a decoded patch; see `applying.apply`."""
    from wherry.api.patch import applying

    return applying.apply(patch_type, obj, patch, schema)
