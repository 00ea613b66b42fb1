"""Errors as answers: a Kubernetes `Status` for what a handler raised, plain text where the protocol broke."""

from __future__ import annotations

import logging

import msgspec

from wherry.api.errors import ApiError, InternalError, RequestEntityTooLarge
from wherry.transport.messages import Request, Response
from wherry.wire.http import BODY_TOO_LARGE, Fault, Limits

log = logging.getLogger(__name__)


def error_response(error: ApiError) -> Response:
    """The answer that carries an error's `Status`, with Retry-After where the error says when to come back."""
    seconds = (error.details or {}).get("retryAfterSeconds")
    headers = (("Retry-After", str(seconds)),) if seconds else ()
    return Response(error.http_code, msgspec.json.encode(error.status), headers=headers)


def failure_response(error: BaseException, request: Request) -> Response:
    """The answer to a request whose handler raised. What was not foreseen goes to the log, not to the client."""
    if isinstance(error, ApiError):
        return error_response(error)
    log.error("the handler failed on %s %s", request.method, request.path, exc_info=error)
    return error_response(InternalError.of("the request failed in a way that was not foreseen; see the server's log"))


def fault_response(fault: Fault, limits: Limits) -> Response:
    """What a client that broke the protocol or a limit is told before the connection ends."""
    if fault.status == BODY_TOO_LARGE:
        return error_response(RequestEntityTooLarge(f"Request entity too large: limit is {limits.body}"))
    return Response(fault.status, fault.text.encode(), "text/plain; charset=utf-8")
