"""The heads of a server's answers."""

from __future__ import annotations

from wherry.transport.failures import fault_response
from wherry.transport.messages import Request, Response, Stream
from wherry.transport.service import Service
from wherry.wire.http import Fault
from wherry.wire.httphead import sized_head, stream_head


def response_head(service: Service, request: Request, reply: Response, length: int) -> bytes:
    """The head of an answer of `length` bytes."""
    common = service.heads.common(reply.status, reply.content_type, reply.headers)
    return sized_head(reply.status, common, length, request.keep_alive and not service.is_stopping)


def streaming_head(service: Service, request: Request, reply: Stream) -> bytes:
    """The head of an answer that is written bit by bit."""
    common = service.heads.common(reply.status, reply.content_type, reply.headers)
    return stream_head(common, request.keep_alive and not service.is_stopping, request.version_11)


def refusal(service: Service, fault: Fault) -> bytes:
    """The whole last answer on a connection whose client broke the protocol or a limit."""
    reply = fault_response(fault, service.settings.limits)
    body = reply.body if isinstance(reply.body, bytes) else b"".join(reply.body)
    common = service.heads.common(reply.status, reply.content_type, reply.headers)
    return sized_head(reply.status, common, len(body), keep_alive=False) + body
