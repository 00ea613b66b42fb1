"""Image names: parsed, and written out in full as registries and runtimes want them. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

DEFAULT_REGISTRY = "docker.io"

_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"^((?:(?:{_HOST})/)?{_COMPONENT}(?:/{_COMPONENT})*)(?::([\w][\w.-]{{0,127}}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{{32,}}))?$"
)
_ID = re.compile(r"^(sha256:)?[a-f0-9]{64}$")


class ImageNameError(ValueError):
    """Not an image name; the message says why in upstream's words."""


@lru_cache(1024)
def normalise(name: str) -> str:
    """`busybox` -> `docker.io/library/busybox:latest`; an image's own id stays as it is."""
    if _ID.match(name):
        return name
    found = _REFERENCE.match(name)
    if found is None:
        lower = _REFERENCE.match(name.lower())
        why = "repository name must be lowercase" if name and lower else "invalid reference format"
        raise ImageNameError(f'couldn\'t parse image name "{name}": {why}')
    repository, tag, digest = found.groups()
    registry, path = split_registry(repository)
    full = f"{registry}/{path}"
    if digest:
        return f"{full}:{tag}@{digest}" if tag else f"{full}@{digest}"
    return f"{full}:{tag or 'latest'}"


def split_registry(repository: str) -> tuple[str, str]:
    """(registry, path) of a repository; the first segment is a registry when it looks like a host."""
    first, slash, rest = repository.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost" or first != first.lower()):
        registry, path = DEFAULT_REGISTRY, repository
    else:
        registry, path = first, rest
    if registry == "index.docker.io":
        registry = DEFAULT_REGISTRY
    if registry == DEFAULT_REGISTRY and "/" not in path:
        path = f"library/{path}"
    return registry, path


def has_latest_tag(normalised: str) -> bool:
    """Whether an image is pulled each time unless its pod says otherwise."""
    return "@" not in normalised and normalised.endswith(":latest")
