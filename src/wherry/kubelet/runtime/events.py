"""containerd's event stream, read without compiled bindings.

Events arrive as an envelope (timestamp, name space, topic, a typed message). All that matters is the topic and the
container's id, so the few fields are picked out of protobuf's wire format here; bindings generated from containerd's
protos would cost a build step and megabytes for three strings. Other runtimes do not offer this service; they are
healed by the slow relist alone (CRI's GetContainerEvents is the standard way, which containerd has from 1.7 on).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import grpc.aio

from wherry.kubelet.runtime.model import EventKind, RuntimeEvent

_SUBSCRIBE = "/containerd.services.events.v1.Events/Subscribe"
_NAMESPACE = "k8s.io"
_FILTER = f'namespace=={_NAMESPACE},topic~="^/tasks/(start|exit|oom|delete)$"'

_KINDS = {
    "/tasks/start": EventKind.STARTED,
    "/tasks/exit": EventKind.EXITED,
    "/tasks/oom": EventKind.OOM,
    "/tasks/delete": EventKind.DELETED,
}


async def containerd_events(channel: grpc.aio.Channel) -> AsyncIterator[RuntimeEvent]:
    """Yield what happens to tasks until the connection ends."""
    subscribe = channel.unary_stream(
        _SUBSCRIBE, request_serializer=lambda request: request, response_deserializer=lambda data: data
    )
    call = subscribe(_encode_field(1, _FILTER.encode()), metadata=(("containerd-namespace", _NAMESPACE),))
    async for envelope in call:
        event = parse_envelope(envelope)
        if event is not None:
            yield event


def parse_envelope(data: bytes) -> RuntimeEvent | None:
    """The event in an `Envelope`; None for one that is not about a container.

    A task's exit is reported for processes started by exec as well; those carry an exec id (field 2 of TaskExit) that
    differs from the container's id, and are nobody's business here.
    """
    fields = dict(parse_fields(data))
    topic = fields.get(3, b"")
    payload = fields.get(4, b"")
    if not isinstance(topic, bytes) or not isinstance(payload, bytes):
        return None
    kind = _KINDS.get(topic.decode(), EventKind.OTHER)
    message = dict(parse_fields(payload)).get(2, b"")
    if not isinstance(message, bytes):
        return None
    body = dict(parse_fields(message))
    container_id = body.get(1, b"")
    if not isinstance(container_id, bytes) or not container_id:
        return None
    process = body.get(2, b"")
    if kind is EventKind.EXITED and isinstance(process, bytes) and process and process != container_id:
        return None
    return RuntimeEvent(kind, container_id.decode())


def parse_fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(field number, value) of a protobuf message; bytes for length-delimited fields. Raises ValueError when cut
    short."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        wire = tag & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield tag >> 3, value
            continue
        if wire == 2:
            size, at = _varint(data, at)
        elif wire == 1:
            size = 8
        elif wire == 5:
            size = 4
        else:
            raise ValueError(f"wire type {wire} is not protobuf 3")
        if at + size > len(data):
            raise ValueError("message is cut short")
        yield tag >> 3, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data):
            raise ValueError("message is cut short")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("number is too long")


def _encode_field(number: int, value: bytes) -> bytes:
    if len(value) > 127:
        raise ValueError("value is too long")
    return bytes((number << 3 | 2, len(value))) + value
