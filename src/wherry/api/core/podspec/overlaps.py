"""Files that a volume is told to make in the same place: the later hides the earlier, or nothing can be made at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

Part = dict[str, Any]

_WITH_ITEMS = (("configMap", "ConfigMap"), ("secret", "Secret"), ("downwardAPI", "DownwardAPI"))


def warn_of_overlaps(volumes: Sequence[Part]) -> Iterator[str]:
    """Of all volumes whose files are listed."""
    for volume in volumes:
        name = volume.get("name") or ""
        for kind, title in _WITH_ITEMS:
            if items := (volume.get(kind) or {}).get("items"):
                named = _titled(title, volume[kind].get("secretName" if kind == "secret" else "name"))
                yield from _among(_paths(items), name, named)
        if "projected" in volume:
            yield from _of_projected(name, volume["projected"].get("sources") or ())


def _of_projected(name: str, sources: Sequence[Part]) -> Iterator[str]:
    """Each source by itself, and then together with those before it."""
    found = [_of_source(source) for source in sources]
    is_clear = _is_clear([path for paths, _ in found for path in paths])
    known: list[str] = []
    for source, (paths, title) in zip(sources, found, strict=True):
        if not source:
            yield f'volume "{name}" (Projected) has no sources provided'
        if paths and not is_clear:
            yield from _among(paths, name, "Projected " + title)
            own = list(dict.fromkeys(paths))
            yield from _among(sorted(own + known), name, "Projected " + title)
            known = list(dict.fromkeys(known + own))


def _is_clear(paths: Sequence[str]) -> bool:
    """Whether none is another or above it, which is nearly always so: in order, the next one would be the first hit."""
    ordered = sorted(path for path in paths if path)
    return not any(map(str.startswith, ordered[1:], ordered))


def _of_source(source: Part) -> tuple[list[str], str]:
    if token := source.get("serviceAccountToken"):
        return _paths([token]), "ServiceAccountToken"
    for kind, title in _WITH_ITEMS:
        if items := (source.get(kind) or {}).get("items"):
            return _paths(items), _titled(title, source[kind].get("name"))
    if bundle := source.get("clusterTrustBundle"):
        return _paths([bundle]), _titled("ClusterTrustBundle", bundle.get("name") or bundle.get("signerName"))
    return [], ""


def _titled(title: str, name: str | None) -> str:
    return title if title == "DownwardAPI" else f'{title} "{name or ""}"'


def _paths(items: Iterable[Part]) -> list[str]:
    return [(item.get("path") or "").rstrip("/") for item in items]


def _among(paths: Sequence[str], volume: str, title: str) -> Iterator[str]:
    for index, path in enumerate(paths):
        other = next((other for other in paths[:index] if _overlap(path, other)), None)
        if other is not None:
            yield f'volume "{volume}" ({title}): overlapping paths: "{path}" with "{other}"'


def _overlap(one: str, other: str) -> bool:
    """Whether one is the other or above it; like upstream, which takes `a` to be above `ab`."""
    return bool(one and other) and (f"{other}/".startswith(one) or f"{one}/".startswith(other))
