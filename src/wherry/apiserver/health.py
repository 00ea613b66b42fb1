"""`/healthz`, `/livez`, `/readyz`: is the server alive, may it be sent requests; each check alone by its own path."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from wherry.apiserver.options import Query
from wherry.transport.messages import Response

_TEXT = "text/plain; charset=utf-8"


class Check(Struct, frozen=True):
    """One thing that must be well. `test` returns what is wrong, or ""."""

    name: str
    test: Callable[[], str]
    for_readiness_only: bool = False


def _well() -> str:
    return ""


PING = Check("ping", _well)
LOG = Check("log", _well)


def reply(endpoint: str, name: str, query: Query, excluded: Sequence[str], checks: Sequence[Check]) -> Response:
    """Answer `/<endpoint>` or `/<endpoint>/<name>`."""
    if endpoint == "livez":
        checks = [check for check in checks if not check.for_readiness_only]
    if name:
        return _one(endpoint, name, checks)
    lines, failed = [], False
    for check in checks:
        if check.name in excluded:
            lines.append(f"[+]{check.name} excluded: ok")
        elif check.test():
            lines.append(f"[-]{check.name} failed: reason withheld")
            failed = True
        else:
            lines.append(f"[+]{check.name} ok")
    if failed:
        return _text(500, "\n".join([*lines, f"{endpoint} check failed", ""]))
    if "verbose" not in query:
        return _text(200, "ok")
    return _text(200, "\n".join([*lines, f"{endpoint} check passed", ""]))


def _one(endpoint: str, name: str, checks: Sequence[Check]) -> Response:
    for check in checks:
        if check.name == name:
            if why := check.test():
                return _text(500, f"internal server error: {why}\n")
            return _text(200, "ok")
    return _text(404, "404 page not found\n")


def _text(status: int, text: str) -> Response:
    headers = (("Cache-Control", "no-cache, private"), ("X-Content-Type-Options", "nosniff"))
    return Response(status, text.encode(), _TEXT, headers)
