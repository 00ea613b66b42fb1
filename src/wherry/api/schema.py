"""A kind's shape: what its JSON may look like, and the functions generated from it.

One compact schema per type (`api/data`, made by `tools/gen_schema.py`) is compiled on first use into Python functions
and shared by all control planes of the process. The same compiler serves built-in kinds and, later, the structural
schemas of custom resources.
"""

from __future__ import annotations

from typing import Protocol

from wherry.api import Obj
from wherry.api.field import FieldError


class Schema(Protocol):
    """What the pipeline and the patches ask of a kind's shape."""

    def prune(self, obj: Obj) -> tuple[list[FieldError], list[str]]:
        """Drop unknown fields and nulls in place.

        Returns (faults of type or missing required fields, paths of the unknown fields that were dropped, in
        upstream's form `spec.bogus`, `spec.containers[0].bogus`).
        """
        ...

    def merge_strategy(self, path: tuple[str, ...]) -> tuple[str, str]:
        """(patch strategy, merge key) of the list or map at a path of field names; ("", "") where there is none.

        List indices and map keys do not stand in the path. A strategy may be compound: `merge,retainKeys`.
        """
        ...
