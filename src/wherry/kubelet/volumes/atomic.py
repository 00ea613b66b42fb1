"""Files that change all at once, as upstream's atomic writer has it, because programs watch for exactly this layout.

    volume/
      ..2026_11_23_10_00_00.123456/   the payload, in a folder of its own
      ..data -> ..2026_11_23_10_00_00.123456
      key    -> ..data/key

A new payload goes into a new folder; renaming the `..data` link over the old one is the instant at which all changes.
Whoever watches the folder sees one event about `..data`.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from wherry.lib.discreet import Discreet

_DATA = "..data"
_DRAFT = "..data_tmp"


class PayloadFile(Discreet, frozen=True):
    UNSHOWN = frozenset({"data"})

    data: bytes
    mode: int = 0o644
    owner: int | None = None
    """Numeric user; None keeps root."""


Payload = Mapping[str, PayloadFile]
"""Relative path -> file."""


def write_payload(folder: Path, payload: Payload, now: float, group: int | None = None) -> bool:
    """Make `folder` hold exactly `payload`; says whether anything was written.

    Args:
        group: the pod's fsGroup; files become readable by it.
        now: names the new payload folder.
    """
    for path in payload:
        _check_path(path)
    folder.mkdir(parents=True, exist_ok=True)
    current = _current(folder)
    if current is not None and _holds(current, payload):
        _link_visible(folder, payload)
        _unlink_stale(folder, payload)
        return False
    fresh = _write_fresh(folder, payload, now, group)
    _link_visible_after_swap(folder, fresh, payload)
    if current is not None:
        shutil.rmtree(current, ignore_errors=True)
    return True


def _check_path(path: str) -> None:
    """Refuse what would leave the volume or shadow the writer's own names; the API checks too, this is the last
    door."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or parts[0].startswith(".."):
        raise ValueError(f"invalid path: {path!r} must be relative and must not contain '..' or start with it")


def _current(folder: Path) -> Path | None:
    try:
        target = (folder / _DATA).readlink()
    except OSError:
        return None
    current = folder / target
    return current if current.is_dir() else None


def _holds(current: Path, payload: Payload) -> bool:
    found = {str(path.relative_to(current)) for path in _files(current)}
    if found != {str(PurePosixPath(path)) for path in payload}:
        return False
    return all((current / path).read_bytes() == file.data for path, file in payload.items())


def _files(folder: Path) -> Iterable[Path]:
    return (path for path in folder.rglob("*") if not path.is_dir())


def _write_fresh(folder: Path, payload: Payload, now: float, group: int | None) -> Path:
    name = datetime.fromtimestamp(now, UTC).strftime("..%Y_%m_%d_%H_%M_%S.%f")
    fresh = folder / name
    while fresh.exists():
        fresh = fresh.with_name(fresh.name + "0")
    fresh.mkdir(mode=0o755)
    fresh.chmod(0o755)
    for path, file in payload.items():
        target = fresh / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.data)
        mode = file.mode | (0o440 if group is not None else 0)
        if group is not None or file.owner is not None:
            os.chown(target, -1 if file.owner is None else file.owner, -1 if group is None else group)
        target.chmod(mode)
    if group is not None:
        _give_folders(fresh, group)
    return fresh


def _give_folders(fresh: Path, group: int) -> None:
    for folder in (fresh, *(path for path in fresh.rglob("*") if path.is_dir())):
        os.chown(folder, -1, group)
        folder.chmod(stat.S_IMODE(folder.stat().st_mode) | stat.S_ISGID | 0o550)


def _link_visible_after_swap(folder: Path, fresh: Path, payload: Payload) -> None:
    draft = folder / _DRAFT
    draft.unlink(missing_ok=True)
    draft.symlink_to(fresh.name)
    draft.replace(folder / _DATA)
    _link_visible(folder, payload)
    _unlink_stale(folder, payload)


def _link_visible(folder: Path, payload: Payload) -> None:
    for name in _top_names(payload):
        link = folder / name
        if not link.is_symlink():
            link.symlink_to(f"{_DATA}/{name}")


def _unlink_stale(folder: Path, payload: Payload) -> None:
    keep = _top_names(payload)
    for path in folder.iterdir():
        if path.is_symlink() and path.name not in keep and not path.name.startswith(".."):
            path.unlink()


def _top_names(payload: Payload) -> set[str]:
    return {PurePosixPath(path).parts[0] for path in payload}
