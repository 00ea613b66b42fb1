"""A custom kind's schema, from the definition to what the pipeline, the patches and server-side apply ask of it.

Schemas that say the same are one value: a thousand definitions made from one template cost as much as one. A schema is
kept packed until an object of the kind is met; then it is parsed, and each part of it compiled when it is first needed.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence, Set
from contextlib import suppress
from dataclasses import replace
from weakref import WeakValueDictionary

import msgspec

from wherry.api import Obj
from wherry.api.field import OMITTED, ErrorType, FieldError, invalid
from wherry.api.schema import DecodeError
from wherry.api.schema.kinds import TOO_DEEP
from wherry.api.schema.nodes import Node
from wherry.api.structural.correlation import Correlation
from wherry.api.structural.defaulting import Default, NoRoom, Room, defaulter
from wherry.api.structural.effort import Effort
from wherry.api.structural.embedded import validate_resources
from wherry.api.structural.judging import Judge, find_judge
from wherry.api.structural.listtypes import validate_lists
from wherry.api.structural.merging import root_node
from wherry.api.structural.pruning import Pruner, pruner
from wherry.api.structural.report import NOWHERE, report
from wherry.api.structural.shape import Shape, parse
from wherry.api.structural.verdict import Table, is_valid, make_table
from wherry.lib.once import once


class StructuralSchema:
    """One version's schema. `of` gives the one value for a document."""

    knows_strategic_merge = False

    def __init__(self, packed: bytes, size: int) -> None:
        self._packed = packed
        self._size = size

    @staticmethod
    def of(document: Obj | None) -> StructuralSchema:
        """The schema of an `openAPIV3Schema`; None is that of a definition without one, which knows no fields."""
        encoded = _encoder.encode(document or {})
        packed = zlib.compress(encoded, 1)
        found = _known.get(packed)
        if found is None:
            found = _known[packed] = StructuralSchema(packed, len(encoded))
        return found

    @property
    def packed(self) -> bytes:
        """The document, compressed; equal for schemas that say the same."""
        return self._packed

    @property
    def document(self) -> Obj:
        """The schema as it was given, decoded anew."""
        document: Obj = msgspec.json.decode(zlib.decompress(self._packed))
        return document

    @once
    def shape(self) -> Shape:
        """The parsed root."""
        return parse(self.document)

    @once
    def node(self) -> Node:
        """How values merge: the root for server-side apply."""
        return root_node(self.shape)

    @property
    def has_defaults(self) -> bool:
        """Whether `default` can change anything."""
        return self.shape.has_defaults

    def is_laborious(self, size: int) -> bool:
        """Whether judging an object of so many bytes takes others' time; see `wherry.api.resource.Resource`.

        A large schema has to be parsed and measured with its first object.
        """
        if self._size > _LARGE_SCHEMA and "_effort" not in self.__dict__:
            return True
        return self._effort.is_long(size)

    @once
    def _effort(self) -> Effort:
        return Effort.of(self.shape, self._judge)

    def prune(self, obj: Obj, only: Set[str] | None = None) -> tuple[list[FieldError], list[str]]:
        """Drop unknown fields, and nulls where there may be none; see `wherry.api.schema.Schema.prune`."""
        try:
            return self._pruner(obj)
        except RecursionError:
            return [DecodeError(ErrorType.TYPE_INVALID, "", TOO_DEEP)], []

    def merge_strategy(self, path: tuple[str, ...]) -> tuple[str, str]:
        """Custom kinds know no strategic merge."""
        return ("", "")

    def fresh_status(self) -> Obj:
        """Custom objects begin with none."""
        return {}

    def default(self, obj: Obj) -> None:
        """Fill in defaults, in place."""
        if self.shape.has_defaults:
            # Of what is nested too deeply, validation tells; of what is too large, the store.
            with suppress(RecursionError, NoRoom):
                self._defaulter(obj, Room())

    def validate(self, obj: Obj, others: Sequence[FieldError] = ()) -> list[FieldError]:
        """What is wrong with a new object, by schema and rules. `metadata` at the root is checked by the pipeline.

        `others` are faults already found; they are told as well, and some of them make that rules are not asked.
        """
        return _shallow(lambda: self._validate(obj, others))

    def _validate(self, obj: Obj, others: Sequence[FieldError]) -> list[FieldError]:
        if (fault := self._effort.fault(obj)) is not None:
            return [*others, fault]
        faults, is_within = list(others), True
        if not is_valid(self._table, obj):
            faults[:0] = report(self.shape, obj)
            faults += validate_resources(self._inside, obj, "") + validate_lists(self.shape, obj, "")
            is_within = False
        return self._ask_rules(obj, None, faults, is_within)

    def validate_update(self, new: Obj, old: Obj, others: Sequence[FieldError] = ()) -> list[FieldError]:
        """What is wrong with a changed object; what has not changed is not judged again."""
        return _shallow(lambda: self._validate_update(new, old, others))

    def _validate_update(self, new: Obj, old: Obj, others: Sequence[FieldError]) -> list[FieldError]:
        if (fault := self._effort.fault(new)) is not None:
            return [*others, fault]
        faults, is_within = list(others), True
        if not is_valid(self._table, new):
            faults[:0] = report(self.shape, new, "", Correlation(new, old, self.shape))
            faults += validate_resources(self._inside, new, "")
            if not validate_lists(self.shape, old, ""):
                faults += validate_lists(self.shape, new, "")
            is_within = False
        return self._ask_rules(new, old, faults, is_within)

    def validate_status_update(self, new: Obj, old: Obj, others: Sequence[FieldError] = ()) -> list[FieldError]:
        """The same for a write through `status`: of the schema, only its `status` counts."""
        return _shallow(lambda: self._validate_status(new, old, others))

    def _validate_status(self, new: Obj, old: Obj, others: Sequence[FieldError]) -> list[FieldError]:
        if (fault := self._effort.fault(new)) is not None:
            return [*others, fault]
        shape = self.shape.properties.get("status")
        faults, is_within = list(others), True
        if shape is not None and "status" in new and not is_valid(self._status_table, new["status"]):
            correlation = Correlation(new["status"], old.get("status"), shape)
            faults[:0] = report(shape, new["status"], "status", correlation)
            if not validate_lists(self.shape, old, ""):
                faults += validate_lists(self.shape, new, "")
            is_within = False
        return self._ask_rules(new, old, faults, is_within)

    def update_warnings(self, new: Obj, old: Obj) -> list[str]:
        """What rules say against parts of a changed object that were wrong before and may stay."""
        judge = self._judge
        if judge is None or (is_valid(self._table, new) and judge.accepts(new, old)):
            return []
        forgiven = judge.forgiven(new, old, Correlation(new, old, self.shape))
        return [str(fault) for fault in forgiven]

    def _ask_rules(self, new: Obj, old: Obj | None, faults: list[FieldError], is_within: bool) -> list[FieldError]:
        """Add what the rules say. `is_within`: the object keeps to the limits that the costs of rules rest on."""
        judge = self._judge
        if judge is None:
            return faults
        if any(fault.type in _BLOCKING for fault in faults):
            return [*faults, _UNCHECKED]
        if is_within and judge.accepts(new, old):
            return faults
        correlation = None if old is None else Correlation(new, old, self.shape)
        return faults + judge.faults(new, old, correlation)

    @once
    def _inside(self) -> Shape:
        """The root as that which resources are embedded in, which it is not itself."""
        return replace(self.shape, embedded=False)

    @once
    def _pruner(self) -> Pruner:
        return pruner(self.shape)

    @once
    def _defaulter(self) -> Default:
        return defaulter(self.shape)

    @once
    def _judge(self) -> Judge | None:
        return find_judge(self.shape, is_resource=True)

    @once
    def _table(self) -> Table:
        return make_table(self._inside)

    @once
    def _status_table(self) -> Table:
        return make_table(self.shape.properties["status"])


def _shallow(validate: Callable[[], list[FieldError]]) -> list[FieldError]:
    try:
        return validate()
    except RecursionError:
        return [invalid(NOWHERE, OMITTED, TOO_DEEP)]


_BLOCKING = frozenset(
    {ErrorType.NOT_SUPPORTED, ErrorType.REQUIRED, ErrorType.TOO_LONG, ErrorType.TOO_MANY, ErrorType.TYPE_INVALID}
)
"""Faults that make that rules are not asked: their answers would mean little."""
_UNCHECKED = invalid(
    NOWHERE,
    None,
    "some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation",
)
_encoder = msgspec.json.Encoder(order="deterministic")
_LARGE_SCHEMA = 16 * 1024
"""Bytes of a schema that is parsed in a millisecond."""
_known: WeakValueDictionary[bytes, StructuralSchema] = WeakValueDictionary()
