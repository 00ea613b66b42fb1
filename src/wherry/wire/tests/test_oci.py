"""The image layout is well-formed and the same every time."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile

from wherry.wire.oci import Directory, Entry, File, Process, Symlink, image_tar

FILES: dict[str, Entry] = {
    "bin": Directory(),
    "bin/tool": File(b"#!", 0o755),
    "bin/alias": Symlink("tool"),
    "tmp": Directory(0o1777),
}


def _members(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {info.name: (handle.read() if (handle := archive.extractfile(info)) else b"") for info in archive}


def test_digests_lead_from_the_index_to_the_files() -> None:
    members = _members(image_tar("wherry.local/x:7", "arm64", FILES, Process(command=["/bin/tool"])))
    for name, data in members.items():
        if name.startswith("blobs/sha256/"):
            assert name.removeprefix("blobs/sha256/") == hashlib.sha256(data).hexdigest()
    described = json.loads(members["index.json"])["manifests"][0]
    assert described["annotations"]["io.containerd.image.name"] == "wherry.local/x:7"
    manifest = json.loads(members["blobs/sha256/" + described["digest"][7:]])
    config = json.loads(members["blobs/sha256/" + manifest["config"]["digest"][7:]])
    assert (config["architecture"], config["config"]) == ("arm64", {"Cmd": ["/bin/tool"]})
    layer = gzip.decompress(members["blobs/sha256/" + manifest["layers"][0]["digest"][7:]])
    assert config["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(layer).hexdigest()]
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        modes = {info.name: (info.type, info.mode, info.linkname) for info in archive}
    assert modes == {
        "bin": (tarfile.DIRTYPE, 0o755, ""),
        "bin/alias": (tarfile.SYMTYPE, 0o777, "tool"),
        "bin/tool": (tarfile.REGTYPE, 0o755, ""),
        "tmp": (tarfile.DIRTYPE, 0o1777, ""),
    }


def test_same_input_same_bytes() -> None:
    backwards = dict(reversed(FILES.items()))
    assert image_tar("a/b:1", "amd64", FILES, Process()) == image_tar("a/b:1", "amd64", backwards, Process())
