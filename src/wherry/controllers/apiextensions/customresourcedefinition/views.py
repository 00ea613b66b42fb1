"""What the controller looks at of a definition: all but its schemas, which are most of it."""

from __future__ import annotations

from typing import Any

import msgspec

from wherry.api.types.meta_v1 import ObjectMeta


class Names(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    plural: str = ""
    singular: str = ""
    short_names: tuple[str, ...] = ()
    kind: str = ""
    list_kind: str = ""
    categories: tuple[str, ...] = ()


class Spec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    group: str = ""
    names: Names = Names()
    conversion: dict[str, Any] = {}


class Status(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    accepted_names: Names = Names()
    conditions: tuple[dict[str, Any], ...] = ()


class Definition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A CustomResourceDefinition."""

    metadata: ObjectMeta = ObjectMeta()
    spec: Spec = Spec()
    status: Status = Status()
