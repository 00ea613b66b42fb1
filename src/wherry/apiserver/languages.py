"""Forms other than JSON: what speaks them is imported with the first request that does, beside the event loop.

Either form brings ten milliseconds of imports and a megabyte, and most servers need one of them or none.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

_SPOKEN = {"protobuf": "wherry.apiserver.protobuf.writing", "yaml": "wherry.apiserver.yamltext"}
"""Part of a media type -> the module, which imports all others that its form needs."""
_JSON = frozenset({"", "*/*", "application/json", "application/merge-patch+json"})
"""What most requests say, told apart at a glance."""


class Languages:
    """Which forms have not been met yet. Costs next to nothing when it is asked about JSON, or when all are known."""

    __slots__ = ("_unknown",)

    def __init__(self) -> None:
        self._unknown = {mark: module for mark, module in _SPOKEN.items() if module not in sys.modules}

    def unknown(self, headers: Mapping[str, str]) -> Sequence[str]:
        """The modules that have to be learned before a request with these headers can be answered."""
        if not self._unknown:
            return ()
        accept, content_type = headers.get("accept", ""), headers.get("content-type", "")
        if accept in _JSON and content_type in _JSON:
            return ()
        return [module for mark, module in self._unknown.items() if mark in accept or mark in content_type]

    async def learn(self, modules: Sequence[str]) -> None:
        """Import them in a thread."""
        for module in modules:
            await asyncio.to_thread(import_module, module)
        self._unknown = {mark: module for mark, module in self._unknown.items() if module not in modules}
