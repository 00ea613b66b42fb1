"""Image names in full."""

from __future__ import annotations

import pytest

from wherry.kubelet.pods.imagename import ImageNameError, has_latest_tag, normalise

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("busybox", "docker.io/library/busybox:latest"),
        ("busybox:1.36", "docker.io/library/busybox:1.36"),
        ("team/app", "docker.io/team/app:latest"),
        ("localhost/app", "localhost/app:latest"),
        ("host:5000/app:v1", "host:5000/app:v1"),
        ("ghcr.io/a/b/c:x", "ghcr.io/a/b/c:x"),
        ("index.docker.io/library/x", "docker.io/library/x:latest"),
        (f"busybox@{DIGEST}", f"docker.io/library/busybox@{DIGEST}"),
        (f"busybox:1@{DIGEST}", f"docker.io/library/busybox:1@{DIGEST}"),
        (DIGEST, DIGEST),
    ],
)
def test_normalise(name: str, full: str) -> None:
    assert normalise(name) == full


@pytest.mark.parametrize("name", ["", "UPPER", "a//b", "a:b:c", "a b", "x@sha256:1", ":tag"])
def test_what_is_no_image_name(name: str) -> None:
    with pytest.raises(ImageNameError, match="couldn't parse image name"):
        normalise(name)


def test_latest() -> None:
    assert has_latest_tag(normalise("busybox"))
    assert not has_latest_tag(normalise("busybox:1"))
    assert not has_latest_tag(normalise(f"busybox@{DIGEST}"))
