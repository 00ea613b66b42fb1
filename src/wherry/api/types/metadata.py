"""The view for code that looks at nothing but metadata: garbage collection, namespaces, owner look-ups."""

from __future__ import annotations

import msgspec

from wherry.api.types.meta_v1 import ObjectMeta


class Metadata(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Any object at all."""

    api_version: str = msgspec.field(name="apiVersion", default="")
    kind: str = ""
    metadata: ObjectMeta = ObjectMeta()
