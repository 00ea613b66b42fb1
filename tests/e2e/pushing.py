"""Pushes an OCI archive into a registry: `pushing.py ARCHIVE URL REPOSITORY TAG [USER:PASSWORD]`.

A script, because tests run it in the network namespace where the registry listens.
"""

from __future__ import annotations

import base64
import io
import json
import sys
import tarfile
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urljoin


def push(archive: bytes, url: str, repository: str, tag: str, credentials: str = "") -> None:
    """Put an OCI archive's only image into a registry by its HTTP API."""
    blobs = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar.getmembers():
            if (file := tar.extractfile(member)) is not None:
                blobs[member.name] = file.read()
    described = json.loads(blobs["index.json"])["manifests"][0]
    manifest = blobs[_path(described["digest"])]
    parts = json.loads(manifest)
    base = f"{url}v2/{repository}"
    for digest in (parts["config"]["digest"], *(layer["digest"] for layer in parts["layers"])):
        location = urljoin(url, _send("POST", f"{base}/blobs/uploads/", b"", credentials)["Location"])
        joint = "&" if "?" in location else "?"
        _send("PUT", f"{location}{joint}digest={digest}", blobs[_path(digest)], credentials)
    _send("PUT", f"{base}/manifests/{tag}", manifest, credentials, described["mediaType"])


def _path(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def _send(method: str, url: str, data: bytes, credentials: str, kind: str = "application/octet-stream") -> Any:
    headers = {"Content-Type": kind}
    if credentials:
        headers["Authorization"] = "Basic " + base64.b64encode(credentials.encode()).decode()
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.headers


if __name__ == "__main__":
    push(Path(sys.argv[1]).read_bytes(), *sys.argv[2:])
