"""One certificate signing request, from its creation to its certificate.

There is no deadline: whoever approves may be a person. A request that disappears meanwhile (the cluster tidies old ones
away) ends as `NotFound`, and whoever asked asks again.
"""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.certificates.certificatesigningrequest import CERTIFICATESIGNINGREQUESTS
from wherry.api.errors import Expired, NotFound
from wherry.client import Client
from wherry.identity.joining import issued_certificate


async def obtain(client: Client, request: Obj) -> bytes:
    """Ask, and return the certificate in PEM; raises ApiError, or Refused when the cluster says no."""
    asked = await client.create(CERTIFICATESIGNINGREQUESTS, request)
    name: str = asked["metadata"]["name"]
    while True:
        found = await client.get(CERTIFICATESIGNINGREQUESTS, name)
        certificate = issued_certificate(found) or await _follow(client, name, found["metadata"]["resourceVersion"])
        if certificate is not None:
            return certificate


async def _follow(client: Client, name: str, version: str) -> bytes | None:
    """The certificate if it comes while this watch lasts."""
    selector = f"metadata.name={name}"
    try:
        async for event in client.watch(CERTIFICATESIGNINGREQUESTS, field_selector=selector, resource_version=version):
            if event.type == "DELETED":
                raise NotFound.of(CERTIFICATESIGNINGREQUESTS, name)
            if event.type != "BOOKMARK" and (certificate := issued_certificate(event.object)) is not None:
                return certificate
    except Expired:
        pass
    return None
