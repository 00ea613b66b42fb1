"""A container's last words: the file it was given for them, or the end of its log."""

from __future__ import annotations

from pathlib import Path

from wherry.kubelet.pods.names import MESSAGE_POLICY
from wherry.kubelet.runtime.crilog import parse_line
from wherry.kubelet.runtime.model import Container

MAX_FILE = 4096
MAX_LOG = 2048
MAX_LOG_LINES = 80


def termination_message(container: Container, message_file: Path, log: Path) -> str:
    """What an ended container has to say, as its terminationMessagePolicy asks; "" when it says nothing."""
    text = _read_head(message_file)
    failed = container.exit_code != 0
    if not text and failed and container.annotations.get(MESSAGE_POLICY) == "FallbackToLogsOnError":
        return _log_tail(log)
    return text


def _read_head(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE).decode(errors="replace")
    except OSError:
        return ""


def _log_tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            start = max(0, file.tell() - 4 * MAX_LOG - 128 * MAX_LOG_LINES)
            file.seek(start)
            lines = file.read().splitlines(keepends=True)
    except OSError:
        return ""
    if start:
        lines = lines[1:]
    parsed = [entry for entry in map(parse_line, lines[-MAX_LOG_LINES:]) if entry is not None]
    return b"".join(entry.content for entry in parsed)[-MAX_LOG:].decode(errors="replace")
