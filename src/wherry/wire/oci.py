"""Container images as bytes: an OCI image layout in a tar, ready for `ctr images import` or any registry tool.

The same input always gives the same bytes (times are zero, entries sorted), so a digest says what is inside. One layer,
one platform: enough for the images that we assemble ourselves. Formats: OCI image-spec 1.1.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"
_EPOCH = "1970-01-01T00:00:00Z"


class File(Struct, frozen=True):
    data: bytes
    mode: int = 0o644


class Directory(Struct, frozen=True):
    mode: int = 0o755


class Symlink(Struct, frozen=True):
    target: str


Entry = File | Directory | Symlink


class Process(Struct, frozen=True):
    """How a container of the image starts unless its Pod says otherwise."""

    entrypoint: Sequence[str] = ()
    command: Sequence[str] = ()
    environment: Sequence[str] = ()
    user: str = ""
    working_directory: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    def config(self) -> dict[str, Any]:
        whole = {
            "User": self.user,
            "Env": list(self.environment),
            "Entrypoint": list(self.entrypoint),
            "Cmd": list(self.command),
            "WorkingDir": self.working_directory,
            "Labels": dict(self.labels),
        }
        return {key: value for key, value in whole.items() if value}


def image_tar(reference: str, architecture: str, files: Mapping[str, Entry], process: Process) -> bytes:
    """An OCI layout with one image.

    Args:
        reference: the full name it is imported under, tag included (`wherry.local/pause:1`).
        architecture: OCI's name of the instruction set (`amd64`, `arm64`).
        files: the root file system by path, without a leading slash; parents are not added by themselves.
        process: the image's own defaults.
    """
    layer = _layer_tar(files)
    blobs: dict[str, bytes] = {}

    def add_blob(media_type: str, data: bytes) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        blobs[digest] = data
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    config = {
        "architecture": architecture,
        "os": "linux",
        "created": _EPOCH,
        "config": process.config(),
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        "history": [{"created": _EPOCH, "created_by": "wherry"}],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": add_blob(_CONFIG, _json(config)),
        "layers": [add_blob(_LAYER, gzip.compress(layer, 6, mtime=0))],
    }
    described = add_blob(_MANIFEST, _json(manifest))
    described["platform"] = {"architecture": architecture, "os": "linux"}
    described["annotations"] = {
        "io.containerd.image.name": reference,
        "org.opencontainers.image.ref.name": reference.rpartition(":")[2],
    }
    index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": [described]}
    members = {"oci-layout": _json({"imageLayoutVersion": "1.0.0"}), "index.json": _json(index)}
    members |= {f"blobs/sha256/{digest}": data for digest, data in sorted(blobs.items())}
    return _plain_tar(members)


def _layer_tar(files: Mapping[str, Entry]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, entry in sorted(files.items()):
            info = tarfile.TarInfo(path)
            match entry:
                case Directory(mode):
                    info.type, info.mode = tarfile.DIRTYPE, mode
                    archive.addfile(info)
                case Symlink(target):
                    info.type, info.mode, info.linkname = tarfile.SYMTYPE, 0o777, target
                    archive.addfile(info)
                case File(data, mode):
                    info.mode, info.size = mode, len(data)
                    archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _plain_tar(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
