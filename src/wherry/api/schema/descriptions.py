"""What types and their fields mean, in the words of Kubernetes' OpenAPI.

The texts are a megabyte, and nobody asks for many of them at once: `data/descriptions.z` holds them in sections, one
for each group and version, of which those that are needed are unpacked. The file is zlib streams one after another:
first an index, JSON from a section's name to its packed length in the order of the sections, then the sections, each of
lines `name<TAB>[text, {field: text}]`. What stands for a letter of expressions is in the section of the empty name.
"""

from __future__ import annotations

import zlib

import msgspec

from wherry.api.schema.shapes import DATA

FILE = DATA / "descriptions.z"

Texts = tuple[str, dict[str, str]]
"""A type's own text, and those of its fields."""


class Descriptions:
    """Reads texts, and remembers what it has unpacked. Short-lived: half of a section is never asked for."""

    def __init__(self) -> None:
        packed = FILE.read_bytes()
        head = zlib.decompressobj()
        index: dict[str, int] = msgspec.json.decode(head.decompress(packed))
        self._packed: dict[str, bytes] = {}
        self._lines: dict[str, dict[str, bytes]] = {}
        begin = len(packed) - len(head.unused_data)
        for section, length in index.items():
            self._packed[section] = packed[begin : begin + length]
            begin += length

    def of(self, name: str) -> Texts:
        """The texts of a type such as `core.v1.Pod` or of an expression's letter; empty for what has none."""
        section = section_of(name)
        if section not in self._lines:
            self._lines[section] = self._unpack(section)
        line = self._lines[section].get(name)
        return ("", {}) if line is None else _decoder.decode(line)

    def _unpack(self, section: str) -> dict[str, bytes]:
        if section not in self._packed:
            return {}
        lines = zlib.decompress(self._packed[section]).splitlines()
        return {name.decode(): texts for name, _, texts in (line.partition(b"\t") for line in lines)}


def section_of(name: str) -> str:
    """Where a type's texts stand: `core.v1` for `core.v1.Pod`."""
    return name.rpartition(".")[0]


_decoder = msgspec.json.Decoder(Texts)
