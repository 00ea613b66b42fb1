"""One HTTP request to a container, as hooks (and later probes) make it: no keep-alive, no trust asked of its TLS."""

from __future__ import annotations

from wherry.transport.connect import Connector, Endpoint
from wherry.transport.tls import client_context

_SECONDS = 30.0


async def http_get(host: str, port: int, path: str, use_tls: bool, headers: tuple[tuple[str, str], ...]) -> int:
    """The status code of the answer; raises OSError."""
    tls = client_context(verify=False) if use_tls else None
    connector = Connector(Endpoint(host, port, tls))
    target = path if path.startswith("/") else f"/{path}"
    try:
        answer = await connector.request(
            "GET", target, (("User-Agent", "kube-lifecycle/1.37"), *headers), timeout=_SECONDS
        )
    finally:
        await connector.close()
    return answer.status
