"""Pull secrets, and which of them fits an image. Pure.

A secret's registry entry may carry a port, a path and wildcards in its host's parts (`*.example.com/team`). As
upstream, all that match are tried, the longest path first.
"""

from __future__ import annotations

import base64
import binascii
import fnmatch
import json
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from wherry.api import Obj
from wherry.kubelet.pods.imagename import DEFAULT_REGISTRY
from wherry.kubelet.runtime.model import Credentials


class Keyring(Struct, frozen=True):
    """Credentials by registry pattern."""

    entries: tuple[tuple[str, Credentials], ...] = ()

    def lookup(self, image: str) -> Sequence[Credentials]:
        """What to try for a normalised image name, in order."""
        fitting = [(pattern, credentials) for pattern, credentials in self.entries if _matches(pattern, image)]
        fitting.sort(key=lambda each: each[0], reverse=True)
        return tuple(dict.fromkeys(credentials for _, credentials in fitting))


def read_keyring(secrets: Iterable[Obj]) -> Keyring:
    """The keyring of a pod's pull secrets; what cannot be read is passed over, as upstream does."""
    entries: list[tuple[str, Credentials]] = []
    for secret in secrets:
        data = secret.get("data") or {}
        try:
            if secret.get("type") == "kubernetes.io/dockerconfigjson":
                table = json.loads(base64.b64decode(data.get(".dockerconfigjson", ""))).get("auths", {})
            elif secret.get("type") == "kubernetes.io/dockercfg":
                table = json.loads(base64.b64decode(data.get(".dockercfg", "")))
            else:
                continue
            entries.extend(_entries(table))
        except (ValueError, AttributeError):
            continue
    return Keyring(tuple(entries))


def _entries(table: dict[str, Any]) -> Iterable[tuple[str, Credentials]]:
    for server, entry in table.items():
        credentials = _credentials(server, entry)
        if credentials is not None:
            yield _strip(server), credentials


def _credentials(server: str, entry: dict[str, Any]) -> Credentials | None:
    username, password = entry.get("username", ""), entry.get("password", "")
    if entry.get("auth") and not username:
        try:
            username, _, password = base64.b64decode(entry["auth"]).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
    return Credentials(username, password, server, entry.get("identitytoken", ""), entry.get("registrytoken", ""))


def _strip(server: str) -> str:
    """`https://index.docker.io/v1/` -> `docker.io`: scheme and version path are history."""
    server = server.removeprefix("https://").removeprefix("http://").rstrip("/")
    for suffix in ("/v1", "/v2"):
        server = server.removesuffix(suffix)
    host, slash, path = server.partition("/")
    if host in ("index.docker.io", "registry-1.docker.io"):
        host = DEFAULT_REGISTRY
    return host + slash + path


def _matches(pattern: str, image: str) -> bool:
    pattern_host, _, pattern_path = pattern.partition("/")
    host, _, path = image.partition("/")
    if not path.startswith(pattern_path):
        return False
    want, _, want_port = pattern_host.partition(":")
    have, _, have_port = host.partition(":")
    if want_port != have_port:
        return False
    want_parts, have_parts = want.split("."), have.split(".")
    return len(want_parts) == len(have_parts) and all(map(fnmatch.fnmatchcase, have_parts, want_parts))
