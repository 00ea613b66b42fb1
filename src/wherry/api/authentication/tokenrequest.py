"""TokenRequests: bodies of the `token` subresource of service accounts."""

from __future__ import annotations

from wherry.api.resource import Resource
from wherry.api.schema import schema

TOKENREQUESTS = Resource(
    group="authentication.k8s.io",
    version="v1",
    kind="TokenRequest",
    plural="tokenrequests",
    schema=schema("authentication.k8s.io/v1", "TokenRequest"),
    verbs=("create",),
    stored=False,
)
