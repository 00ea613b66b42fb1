"""exec, attach and port-forward: the runtime serves them itself; the kubelet only leads the way.

The runtime answers a request for a stream with the address of its streaming server. The client's upgrade request is
sent on there; once it is granted bytes are passed on both ways, so SPDY and WebSocket need no code here, and a refusal
reaches the client in the runtime's own words.

One thing is translated. WebSocket clients since Kubernetes 1.30 ask for v5.channel.k8s.io, which containerd below 2.0
does not know. It is v4 with one message more, by which a client ends its stdin. Where there is no stdin to end, or a
terminal whose stdin ends with ^D, both are the same bytes, and the client is granted v5 over the runtime's v4. With
stdin from a pipe v4 could never say that it has ended, so there the runtime's refusal stands; kubectl then takes SPDY.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from wherry.transport.connect import Endpoint
from wherry.transport.messages import Reply, Request, Response
from wherry.transport.relay import relay_upgrade

_PROTOCOL = "sec-websocket-protocol"
_V5, _V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"


async def hand_over(request: Request, url: str, *, may_end_stdin: bool = False) -> Reply:
    """Join the client with the runtime's streaming server at `url`; `may_end_stdin` says that only v5 will do."""
    parts = urlsplit(url)
    endpoint = Endpoint(parts.hostname or "", parts.port or 80)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    asked, answered = request, {}
    if _asks_for_v5_alone(request) and not may_end_stdin:
        asked, answered = _asking_for_v4(request), {_PROTOCOL: _V5}
    try:
        return await relay_upgrade(asked, endpoint, target, answered=answered)
    except OSError as error:
        message = f"the runtime's streaming server does not answer: {error}"
        return Response(502, message.encode(), "text/plain; charset=utf-8")


def _asks_for_v5_alone(request: Request) -> bool:
    offered = {name.strip() for name in request.headers.get(_PROTOCOL, "").split(",")}
    return _V5 in offered and _V4 not in offered


def _asking_for_v4(request: Request) -> Request:
    headers = {**request.headers, _PROTOCOL: _V4}
    return Request(request.method, request.path, request.query, headers, request.body, request.peer)
