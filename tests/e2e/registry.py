"""Debian's docker-registry beside the node, and images pushed into it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e import pushing
from tests.e2e.cluster import Cluster
from tests.e2e.pods import until

USER, PASSWORD = "carrier", "secret"
_HTPASSWD = "carrier:$2y$05$wherrywherrywherrywheut0AKixjjf7WLiedHyOqwwOfMvd998O2\n"
"""bcrypt of the password, which is all that the registry takes."""


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry that listens on the loopback of a cluster's network namespace."""

    cluster: Cluster
    port: int
    is_private: bool

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def push(self, repository: str, tag: str, archive: bytes) -> str:
        """Push an OCI archive; returns the name to pull it by."""
        path = self.cluster.state / f"{repository.replace('/', '-')}.tar"
        path.write_bytes(archive)
        words = [sys.executable, pushing.__file__, str(path), f"http://{self.host}/", repository, tag]
        self.cluster.run(*words, *([f"{USER}:{PASSWORD}"] if self.is_private else []))
        path.unlink()
        return f"{self.host}/{repository}:{tag}"


@contextmanager
def registry(cluster: Cluster, folder: Path, port: int, *, is_private: bool = False) -> Iterator[Registry]:
    """Run a registry for a `with` block; a private one wants the user and password above."""
    folder.mkdir(parents=True)
    (folder / "htpasswd").write_text(_HTPASSWD)
    config: dict[str, Any] = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    if is_private:
        config["auth"] = {"htpasswd": {"realm": "wherry", "path": str(folder / "htpasswd")}}
    (folder / "config.yml").write_text(json.dumps(config))
    with (folder / "log").open("wb") as log:
        process = cluster.start("docker-registry", "serve", str(folder / "config.yml"), stdout=log, stderr=log)
    try:
        asking = ("busybox", "wget", "-q", "-O", "/dev/null", f"http://127.0.0.1:{port}/")
        until(lambda: cluster.run(*asking, check=False).returncode == 0, what="an answer of the registry")
        yield Registry(cluster, port, is_private)
    finally:
        process.terminate()
        process.wait(timeout=10)
