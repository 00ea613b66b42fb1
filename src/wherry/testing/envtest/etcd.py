"""Stands where envtest looks for etcd: keeps nothing, and says that it is well."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from wherry.transport.messages import Request, Response
from wherry.transport.server import Server

_VERSION = "3.6.0"
_FLAGS = ("--listen-peer-urls", "--advertise-client-urls", "--data-dir", "--unsafe-no-fsync")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="etcd", description="Says that it is well; the API server keeps its data itself."
    )
    parser.add_argument("--version", action="version", version=f"etcd Version: {_VERSION}")
    parser.add_argument("--listen-client-urls", default="http://127.0.0.1:2379")
    for flag in _FLAGS:
        parser.add_argument(flag, nargs="?", help="accepted, and of no effect")
    options, _ = parser.parse_known_args(arguments)
    asyncio.run(_run([urlsplit(url) for url in options.listen_client_urls.split(",")]))
    return 0


async def _run(urls: Sequence[SplitResult]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = Server(answer)
    for url in urls:
        await server.start(url.hostname or "127.0.0.1", url.port or 2379)
    await stop.wait()
    await server.stop(grace=0.2)


def answer(request: Request) -> Response:
    """What etcd answers to whoever asks how it is; it knows nothing else."""
    if request.path == "/health":
        return Response(200, b'{"health":"true","reason":""}')
    if request.path == "/version":
        return Response(200, b'{"etcdserver":"%b","etcdcluster":"%b"}' % (_VERSION.encode(), _VERSION.encode()))
    return Response(404, b"404 page not found\n", "text/plain; charset=utf-8")


if __name__ == "__main__":
    sys.exit(main())
