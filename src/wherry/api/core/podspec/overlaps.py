"""Files that a volume is told to make in the same place: the later hides the earlier, or nothing can be made at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

Part = dict[str, Any]


def warn_of_overlaps(volumes: Sequence[Part]) -> Iterator[str]:
    """Of all volumes whose files are listed."""
    for volume in volumes:
        name = volume.get("name") or ""
        for kind, title in _kinds(volume):
            paths: list[str] = []
            for item in volume[kind].get("items") or ():
                yield from _against(f'volume "{name}" ({title})', _path(item), paths)
        if "projected" in volume:
            yield from _of_projected(name, volume["projected"].get("sources") or ())


def _kinds(volume: Part) -> Iterator[tuple[str, str]]:
    if config := volume.get("configMap"):
        yield "configMap", f'ConfigMap "{config.get("name") or ""}"'
    if secret := volume.get("secret"):
        yield "secret", f'Secret "{secret.get("secretName") or ""}"'
    if volume.get("downwardAPI"):
        yield "downwardAPI", "DownwardAPI"


def _of_projected(name: str, sources: Sequence[Part]) -> Iterator[str]:
    shown = f'volume "{name}" (Projected)'
    known: list[tuple[str, str]] = []
    for source in sources:
        if not source:
            yield f"{shown} has no sources provided"
        for path, title in _files(source):
            for other, title_of_other in known:
                if _overlap(path, other):
                    yield f'{shown}: overlapping paths: "{path}" ({title}) with "{other}" ({title_of_other})'
            known.append((path, title))


def _files(source: Part) -> Iterator[tuple[str, str]]:
    for kind, title in (("configMap", "ConfigMap"), ("secret", "Secret"), ("downwardAPI", "DownwardAPI")):
        part = source.get(kind) or {}
        named = title if kind == "downwardAPI" else f'{title} "{part.get("name") or ""}"'
        for item in part.get("items") or ():
            yield _path(item), named
    if token := source.get("serviceAccountToken"):
        yield _path(token), "ServiceAccountToken"
    if bundle := source.get("clusterTrustBundle"):
        yield _path(bundle), f'ClusterTrustBundle "{bundle.get("name") or bundle.get("signerName") or ""}"'


def _path(item: Part) -> str:
    return (item.get("path") or "").rstrip("/")


def _against(shown: str, path: str, paths: list[str]) -> Iterator[str]:
    yield from (f'{shown}: overlapping paths: "{path}" with "{other}"' for other in paths if _overlap(path, other))
    paths.append(path)


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(other + "/") or other.startswith(one + "/")
