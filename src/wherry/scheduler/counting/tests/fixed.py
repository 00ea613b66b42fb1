"""Namespaces for tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping

_NONE: Mapping[str, str] = {}


class FixedNamespaces:
    """Namespaces that change when a test says so."""

    def __init__(self, labels: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self._labels = dict(labels or {})
        self._tell: list[Callable[[], None]] = []

    def labels(self, name: str) -> Mapping[str, str]:
        return self._labels.get(name, _NONE)

    def on_change(self, tell: Callable[[], None]) -> None:
        self._tell.append(tell)

    def set(self, name: str, labels: Mapping[str, str]) -> None:
        self._labels[name] = labels
        for tell in self._tell:
            tell()
