"""Objects as tests have them at hand: files, folders, text in YAML or JSON, plain dicts, and lists of all that."""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from wherry.api import Obj

Source: TypeAlias = str | Path | Obj | Iterable["Source"]
"""A path, a text, an object, or several of these. A `str` that names an existing file is a path."""

_MARKER = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_SUFFIXES = (".yaml", ".yml", ".json")


class ManifestError(ValueError):
    """What was given holds no objects."""


def read_objects(source: Source, folder: Path | None = None) -> list[Obj]:
    """Every object of `source`, in order; lists (`kind: List`) are opened. Raises ManifestError and OSError.

    Relative paths are looked for in `folder` first, and then in the working folder.
    """
    return list(_objects(source, folder))


def _objects(source: Source, folder: Path | None) -> Iterator[Obj]:
    if isinstance(source, Path):
        yield from _of_path(_found(source, folder))
    elif isinstance(source, str):
        yield from _of_path(_found(Path(source), folder)) if _is_path(source) else _of_text(source, "the text")
    elif isinstance(source, dict):
        yield from _opened(source, "the dict")
    else:
        for part in source:
            yield from _objects(part, folder)


def _found(path: Path, folder: Path | None) -> Path:
    """Where the file or folder is that a test means."""
    places = [place / path for place in (folder, Path.cwd()) if place is not None]
    for place in places:
        if place.exists():
            return place
    looked = " and ".join(dict.fromkeys(str(place.parent) for place in places))
    raise FileNotFoundError(errno.ENOENT, f"there is no such file or folder in {looked}", str(path))


def _is_path(text: str) -> bool:
    return "\n" not in text and not text.lstrip().startswith("{") and (":" not in text or Path(text).exists())


def _of_path(path: Path) -> Iterator[Obj]:
    if path.is_dir():
        for file in sorted(entry for entry in path.iterdir() if entry.suffix in _SUFFIXES):
            yield from _of_path(file)
    else:
        yield from _of_text(path.read_text(encoding="utf-8"), str(path))


def _of_text(text: str, where: str) -> Iterator[Obj]:
    for document in _documents(text, where):
        if document is not None:
            yield from _opened(document, where)


def _documents(text: str, where: str) -> Iterator[Any]:
    if text.lstrip().startswith("{"):
        try:
            yield json.loads(text)
            return
        except ValueError:
            pass  # YAML may begin so too.
    from wherry.apiserver.yamltext import YamlError, parse_yaml  # Many tests have no YAML at all.

    for part in _MARKER.split(text):
        try:
            yield parse_yaml(part.encode())
        except YamlError as error:
            raise ManifestError(f"{where} is not YAML: {error}") from error


def _opened(document: Any, where: str) -> Iterator[Obj]:
    if not isinstance(document, dict) or not document.get("kind") or not document.get("apiVersion"):
        raise ManifestError(f"{where} holds something that is no object: it needs apiVersion and kind")
    if document["kind"].endswith("List") and isinstance(document.get("items"), list):
        for item in document["items"]:
            yield from _opened(item, where)
    else:
        yield document
