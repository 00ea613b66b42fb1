"""What an HTTP answer means: an object, or one of the errors of `api.errors`.

Proxies and load balancers answer without a `Status`; the code alone then tells the reason, as in client-go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from wherry.api import Obj
from wherry.api.errors import ApiError, InternalError, ServiceUnavailable, Timeout, from_status

MAX_RETRY_SECONDS: Final = 60.0

_REASONS: Final = {
    400: ("BadRequest", "the server rejected our request for an unknown reason"),
    401: ("Unauthorized", "the server has asked for the client to provide credentials"),
    403: ("Forbidden", "the server does not allow access to the requested resource"),
    404: ("NotFound", "the server could not find the requested resource"),
    405: ("MethodNotAllowed", "the server does not allow this method on the requested resource"),
    406: ("NotAcceptable", "the server was unable to respond with a content type that the client supports"),
    409: ("Conflict", "the server reported a conflict"),
    410: ("Gone", "the server no longer has what was asked for"),
    413: ("RequestEntityTooLarge", "the request is too large for the server"),
    415: ("UnsupportedMediaType", "the server does not understand the format of the request"),
    422: ("Invalid", "the server rejected our request due to an error in our request"),
    429: ("TooManyRequests", "the server has received too many requests and has asked us to try again later"),
    503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
    504: ("Timeout", "the server was unable to return a response in the time allotted"),
}


def decode_object(body: bytes) -> Obj:
    """The JSON object of a successful answer."""
    try:
        value: Any = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise InternalError(f"the server's answer is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise InternalError("the server's answer is not a JSON object")
    return value


def error_of(code: int, body: bytes) -> ApiError:
    """The error that an answer of 400 or more stands for."""
    try:
        status: Any = msgspec.json.decode(body)
    except msgspec.DecodeError:
        status = None
    if isinstance(status, dict) and status.get("kind") == "Status":
        return from_status(status, code)
    text = body[:1024].decode("utf-8", "replace").strip()
    return generic_error(code, f": {text}" if text else "")


def generic_error(code: int, more: str = "") -> ApiError:
    """The error of an answer of which nothing but its code can be trusted; `more` is added to the message."""
    reason, message = _REASONS.get(
        code, ("InternalError", f"an error on the server ({code}) has prevented the request")
    )
    return from_status({"reason": reason, "message": message + more}, code)


def retry_seconds(code: int, headers: Mapping[str, str]) -> float | None:
    """How long the server asks us to wait before trying again; None if it does not."""
    text = headers.get("retry-after", "")
    if (code == 429 or code >= 500) and text.isdigit():
        return min(float(text), MAX_RETRY_SECONDS)
    return None


def unreachable(where: str, error: OSError) -> ApiError:
    """The error of a request that found no server, or lost it on the way."""
    if isinstance(error, TimeoutError):
        return Timeout(f"no answer from {where} in time")
    return ServiceUnavailable(f"cannot reach {where}: {str(error) or type(error).__name__}")
