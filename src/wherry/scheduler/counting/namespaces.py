"""The labels of namespaces, for terms that select namespaces by them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from wherry.api.core.namespace import NAMESPACES
from wherry.api.types.core_v1 import Namespace
from wherry.client import Client, Key

_NONE: Mapping[str, str] = {}


class Namespaces(Protocol):
    """Who knows namespaces."""

    def labels(self, name: str) -> Mapping[str, str]: ...

    def on_change(self, tell: Callable[[], None]) -> None:
        """Call `tell` whenever a namespace came, went, or has other labels."""
        ...


class ClientNamespaces:
    """The namespaces of a cluster, followed from the first time that somebody asks."""

    def __init__(self, client: Client) -> None:
        self._informer = client.informer(NAMESPACES, Namespace)

    def labels(self, name: str) -> Mapping[str, str]:
        found = self._informer.get(Key("", name))
        return found.metadata.labels if found is not None else _NONE

    def on_change(self, tell: Callable[[], None]) -> None:
        def heard(old: Namespace | None, new: Namespace | None) -> None:
            if old is None or new is None or old.metadata.labels != new.metadata.labels:
                tell()

        self._informer.add_handler(heard)
