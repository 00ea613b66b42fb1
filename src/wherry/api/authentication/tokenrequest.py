"""TokenRequests: bodies of the `token` subresource of service accounts."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, invalid
from wherry.api.resource import Resource
from wherry.api.schema import schema

_LEAST_SECONDS, _MOST_SECONDS = 600, 1 << 32


def set_defaults(request: Obj) -> None:
    """An hour."""
    request.setdefault("spec", {}).setdefault("expirationSeconds", 3600)


def validate(request: Obj) -> list[FieldError]:
    seconds, path = request["spec"]["expirationSeconds"], "spec.expirationSeconds"
    if seconds < _LEAST_SECONDS:
        return [invalid(path, seconds, "may not specify a duration less than 10 minutes")]
    if seconds > _MOST_SECONDS:
        return [invalid(path, seconds, "may not specify a duration larger than 2^32 seconds")]
    return []


TOKENREQUESTS = Resource(
    group="authentication.k8s.io",
    version="v1",
    kind="TokenRequest",
    plural="tokenrequests",
    schema=schema("authentication.k8s.io/v1", "TokenRequest"),
    verbs=("create",),
    stored=False,
    defaults=set_defaults,
    validate=validate,
)
