from __future__ import annotations

from wherry.api.types.decoding import decode
from wherry.api.types.metadata import Metadata


def test_any_object_has_metadata() -> None:
    seen = decode(
        Metadata,
        b'{"apiVersion":"x/v1","kind":"Y","metadata":{"name":"n","ownerReferences":[{"uid":"u","controller":true}]},"spec":7}',
    )
    assert (seen.api_version, seen.kind, seen.metadata.owner_references[0].uid) == ("x/v1", "Y", "u")
