"""Which credentials fit an image."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from wherry.kubelet.pods.keyring import read_keyring


def _secret(auths: dict[str, Any]) -> dict[str, Any]:
    text = base64.b64encode(json.dumps({"auths": auths}).encode()).decode()
    return {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": text}}


def _auth(user: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:pw".encode()).decode()}


@pytest.mark.parametrize(
    ("server", "image", "fits"),
    [
        ("https://index.docker.io/v1/", "docker.io/library/busybox:latest", True),
        ("registry.example.com", "registry.example.com/a/b:1", True),
        ("registry.example.com/a", "registry.example.com/a/b:1", True),
        ("registry.example.com/x", "registry.example.com/a/b:1", False),
        ("*.example.com", "registry.example.com/a:1", True),
        ("*.example.com", "a.b.example.com/a:1", False),
        ("host:5000", "host:5000/a:1", True),
        ("host", "host:5000/a:1", False),
        ("host:5000", "other:5000/a:1", False),
    ],
)
def test_matching(server: str, image: str, fits: bool) -> None:
    found = read_keyring([_secret({server: _auth("me")})]).lookup(image)
    assert [(each.username, each.password) for each in found] == ([("me", "pw")] if fits else [])


def test_the_most_particular_comes_first() -> None:
    ring = read_keyring([_secret({"r.io": _auth("all"), "r.io/team/app": _auth("app"), "r.io/team": _auth("team")})])
    assert [each.username for each in ring.lookup("r.io/team/app:1")] == ["app", "team", "all"]


def test_what_cannot_be_read_is_passed_over() -> None:
    broken = {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": "!!"}}
    assert read_keyring([broken, {"type": "Opaque"}]).entries == ()
