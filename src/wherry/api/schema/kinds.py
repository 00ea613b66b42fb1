"""The `Schema` of a built-in kind."""

from __future__ import annotations

from collections.abc import Set
from copy import deepcopy
from functools import cache, lru_cache

from wherry.api import Obj
from wherry.api.field import ErrorType, FieldError
from wherry.api.schema import DecodeError
from wherry.api.schema.compiler import struct_check
from wherry.api.schema.nodes import Node
from wherry.api.schema.problems import Problem, Sort
from wherry.api.schema.scalars import Check
from wherry.api.schema.shapes import Field, Struct, base_type, kind_struct, struct
from wherry.api.schema.structnodes import struct_node
from wherry.api.schema.zeros import empty

MOST_UNKNOWN = 100
"""How many unknown fields upstream names before it stops counting."""

TOO_DEEP = "exceeded max depth"


class KindSchema:
    """A kind by name; its data is looked up when it is first used."""

    __slots__ = ("_check", "_check_part", "_fresh_status", "_node", "api_version", "kind")

    knows_strategic_merge = True

    def __init__(self, api_version: str, kind: str) -> None:
        self.api_version = api_version
        self.kind = kind
        self._check: Check | None = None
        self._check_part: Check | None = None
        self._node: Node | None = None
        self._fresh_status: Obj | None = None

    @staticmethod
    @cache
    def of(api_version: str, kind: str) -> KindSchema:
        """The one value for a kind."""
        return KindSchema(api_version, kind)

    def __repr__(self) -> str:
        return f"schema({self.api_version!r}, {self.kind!r})"

    @property
    def struct(self) -> Struct:
        """The type of the kind's objects; raises LookupError for a kind that is not built in."""
        return kind_struct(self.api_version, self.kind)

    def prune(self, obj: Obj, only: Set[str] | None = None) -> tuple[list[FieldError], list[str]]:
        """See `Schema.prune`."""
        try:
            problems = self._problems(obj) if only is None else self._problems_of_part(obj, only)
        except RecursionError:
            return [DecodeError(ErrorType.TYPE_INVALID, "", TOO_DEEP)], []
        if not problems:
            return [], []
        faults = [problem.fault() for problem in problems if problem.sort is not Sort.UNKNOWN]
        unknown = dict.fromkeys(problem.path for problem in problems if problem.sort is Sort.UNKNOWN)
        return faults, list(unknown)[:MOST_UNKNOWN]

    def _problems(self, obj: Obj) -> list[Problem] | None:
        check = self._check
        if check is None:
            check = self._check = struct_check(self.struct.name, True)
        return check(None, None, obj)

    def _problems_of_part(self, obj: Obj, names: Set[str]) -> list[Problem] | None:
        """The same where all other members have been checked before."""
        for name in names:
            if obj.get(name) is None:
                return self._problems(obj)  # Whether something may be missing is a question to the whole.
        check = self._check_part
        if check is None:
            check = self._check_part = struct_check(self.struct.name, True, is_part=True)
        part = {name: value for name, value in obj.items() if name in names}  # What is found first is told first.
        problems = check(None, None, part)
        for name in names - part.keys():
            del obj[name]
        obj.update(part)
        return problems

    def fresh_status(self) -> Obj:
        """See `Schema.fresh_status`."""
        status = self._fresh_status
        if status is None:
            field = self.struct.fields.get("status")
            status = self._fresh_status = empty(struct(field.type[1:])) if field and field.type[0] == "@" else {}
        return deepcopy(status) if status else {}

    @property
    def node(self) -> Node:
        """See `Schema.node`."""
        node = self._node
        if node is None:
            node = self._node = struct_node(self.struct.name)
        return node

    def merge_strategy(self, path: tuple[str, ...]) -> tuple[str, str]:
        """See `Schema.merge_strategy`."""
        field = self.field(path)
        return (field.patch_strategy, field.patch_key) if field else ("", "")

    def field(self, path: tuple[str, ...]) -> Field | None:
        """The field at a path of field names, looking through lists and maps; None where the path leaves the shape."""
        return _field(self.struct, path)


@lru_cache(4096)
def _field(root: Struct, path: tuple[str, ...]) -> Field | None:
    field: Field | None = None
    owner: Struct | None = root
    for name in path:
        field = owner.fields.get(name) if owner else None
        if field is None:
            return None
        base = base_type(field.type)
        owner = struct(base) if base else None
    return field
