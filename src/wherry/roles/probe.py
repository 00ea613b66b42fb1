"""A look at the cluster from a command: short, blocking questions as the administrator.

The commands that start, stop and show a cluster need a handful of GETs; they must not pay for an event loop and a full
client to ask them.
"""

from __future__ import annotations

import http.client
import json
import ssl
from pathlib import Path
from typing import Any

from msgspec import Struct

from wherry.lib.failure import Failure
from wherry.roles.paths import Paths


class Probe(Struct, frozen=True):
    """Asks the API server on this machine."""

    port: int
    authority: Path
    certificate: Path
    key: Path

    @classmethod
    def of(cls, paths: Paths, port: int) -> Probe:
        return cls(port, paths.pki / "ca.crt", paths.pki / "admin.crt", paths.pki / "admin.key")

    def is_ready(self) -> bool:
        return self._ask("GET", "/readyz")[0] == 200

    def get(self, path: str) -> Any:
        """The decoded answer, or None when there is none or it is an error."""
        status, body = self._ask("GET", path)
        return json.loads(body) if status == 200 else None

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded answer; raises Failure with the server's own message."""
        status, answer = self._ask(method, path, body)
        decoded = json.loads(answer) if answer else {}
        if not 200 <= status < 300:
            raise Failure(decoded.get("message") or f"the API server answered {status}")
        return decoded

    def _ask(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        try:
            context = ssl.create_default_context(cafile=str(self.authority))
            context.load_cert_chain(self.certificate, self.key)
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=5, context=context)
        except (FileNotFoundError, ssl.SSLError):
            return 0, b""
        try:
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, path, data, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()


def node_condition(node: Any, type: str) -> str:
    """`True`, `False` or `Unknown`; Unknown too where the node or the condition is missing."""
    conditions = ((node or {}).get("status") or {}).get("conditions") or []
    return next((str(c.get("status")) for c in conditions if c.get("type") == type), "Unknown")
