"""A kind's shape: what its JSON may look like, and the functions compiled from it.

- `Schema`: what the pipeline and the patches ask of a kind's shape; `schema("apps/v1", "Deployment")` is one
- `DecodeError`: a value of the wrong JSON type, which upstream's decoder refuses with 400 before it validates anything
- `shapes.py`: the compact data of each type (fields, list types, merge keys) for OpenAPI and server-side apply
- `descriptions.py`: what types and fields mean, for OpenAPI
- `nodes.py`: how values merge by place, for server-side apply; `structnodes.py` makes those of built-in types
- `zeros.py`: what Go writes of a struct in which nothing was said
- `compiler.py`: makes one checking function per type, on first use, shared by all control planes of the process
- `required.py`: which of OpenAPI's "required" fields are really enforced

Read `compiler.py` first. Enumerations, formats of names and everything that spans fields is semantic validation and
stands with the kinds.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Protocol

from wherry.api import Obj
from wherry.api.field import FieldError
from wherry.api.schema.nodes import Node


class DecodeError(FieldError, frozen=True):
    """A value that Go's decoder could not have put into its field. `detail` is the decoder's message, ready to show:

    `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`
    """

    converter_detail: str = ""
    """The same in the words of upstream's converter, which makes typed objects of what strategic merge patches give.
    Empty where both say the same.
    """


class Schema(Protocol):
    """What the pipeline and the patches ask of a kind's shape."""

    @property
    def knows_strategic_merge(self) -> bool:
        """Whether the kind can be patched by strategic merge: built-in ones can, custom ones cannot."""
        ...

    def prune(self, obj: Obj, only: Set[str] | None = None) -> tuple[list[FieldError], list[str]]:
        """Bring an object into the form in which decoding and encoding again by upstream would leave it, in place.

        Unknown fields and nulls go, and so do empty lists and maps in fields that are not required; a null in a list
        or map becomes the zero value, as in Go. Quantities and times become canonical. Returns (faults, paths of the
        unknown fields that were dropped, in upstream's form `spec.bogus`, `spec.containers[0].bogus`).

        Faults are of two sorts. A `DecodeError` is a 400 with `detail` in its message, and comes before everything
        else. The others are required fields that are missing or empty; they belong to validation, so they are merged
        with the semantic faults where validation is due (not for a write through `status`), and give way to a semantic
        fault of the same path, which says more.

        `only` names the members that may have changed since the object was brought into that form; others need not be
        looked at.
        """
        ...

    def merge_strategy(self, path: tuple[str, ...]) -> tuple[str, str]:
        """(patch strategy, merge key) of the list or map at a path of field names; ("", "") where there is none.

        List indices and map keys do not stand in the path. A strategy may be compound: `merge,retainKeys`.
        """
        ...

    def fresh_status(self) -> Obj:
        """The status of an object that nobody has looked after yet; the caller may change it."""
        ...

    @property
    def node(self) -> Node:
        """How objects of the kind merge under server-side apply."""
        ...


def schema(api_version: str, kind: str) -> Schema:
    """The schema of a built-in kind. Costs nothing until it is used; an unknown kind raises LookupError then."""
    from wherry.api.schema.kinds import KindSchema

    return KindSchema.of(api_version, kind)
