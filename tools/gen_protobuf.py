"""Generate what only the Go types' own tags tell: numbers of Kubernetes' protobuf form, and zeros that JSON leaves out.

    python tools/gen_protobuf.py SOURCE...

Each SOURCE is a checkout of kubernetes/api, apimachinery, apiextensions-apiserver or kube-aggregator. A struct's tags
say all that is needed: the number, the JSON name, whether the field is a pointer (so that zero differs from absence)
and whether JSON leaves zeros out. Only these facts are kept; types come from `api/data`. Numbers never change their
meaning, so a newer checkout knows more and nothing else. What `api/data` has and no checkout numbers is printed.

`api/data/zeros.z` has a line for each type: its plain fields whose zero Go takes for nothing said.
"""

from __future__ import annotations

import json
import re
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wherry.api.schema import shapes

TARGET = Path(__file__).parent.parent / "src/wherry/apiserver/protobuf/numbers.z"
ZEROS = shapes.DATA / "zeros.z"
_STRUCT = re.compile(r"^type (\w+) struct ?\{(?:\n(.*?)^)?\}", re.MULTILINE | re.DOTALL)
_ALIAS = re.compile(r"^type (\w+) (?:= )?(v\w+)\.(\w+)$", re.MULTILINE)
_FIELD = re.compile(r"^\t(?:(\w+)\s+)?(\*?)([\w.\[\]*]+)\s+`(.*)`", re.MULTILINE)
_TAG = re.compile(r'(\w+):"([^"]*)"')
_EXTRA = ("meta.v1.PartialObjectMetadata", "meta.v1.PartialObjectMetadataList", "meta.v1.WatchEvent")
"""Types that are sent but described in no OpenAPI document."""


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a Go struct."""

    number: str
    name: str
    """In JSON; "" for a struct whose fields are its owner's."""
    is_pointer: bool
    is_kept: bool
    """Whether JSON shows a zero."""
    go_type: str


def main(sources: list[Path]) -> int:
    structs = dict(_structs(sources))
    wanted = [*shapes.names(), *_EXTRA]
    table = {name: _numbers(name, structs) for name in wanted if name in structs}
    text = json.dumps(table, sort_keys=True, separators=(",", ":")).encode()
    TARGET.write_bytes(zlib.compress(text, 9))
    print(f"{len(table)} types, {TARGET.stat().st_size} bytes")
    zeros = {name: " ".join(_left_out(name, numbers)) for name, numbers in table.items() if name in shapes.names()}
    lines = [f"{name}\t{zeros[name]}\n" for name in sorted(zeros) if zeros[name]]
    ZEROS.write_bytes(zlib.compress("".join(lines).encode(), 9))
    for line in _missing(table):
        print("no number:", line)
    return 0


def _structs(sources: list[Path]) -> Iterator[tuple[str, list[Field]]]:
    files = [file for source in sources for file in sorted(source.rglob("*.go"))]
    for file in files:
        if file.name.startswith("zz_") or file.name.endswith("_test.go") or "testapigroup" in file.parts:
            continue
        group, version = file.parent.parts[-2:]
        text = file.read_text()
        for name, body in _STRUCT.findall(text):
            yield f"{group}.{version}.{name}", list(_fields(body))
        for alias, other_version, name in _ALIAS.findall(text):
            # Only a later version of the same group is ever named so, and only to embed it.
            yield f"{group}.{version}.{alias}", [Field("", "", False, False, f"{group}.{other_version}.{name}")]


def _fields(body: str) -> Iterator[Field]:
    for _, pointer, go_type, tags in _FIELD.findall(body):
        tag = dict(_TAG.findall(tags))
        if "protobuf" not in tag or "json" not in tag:
            continue
        name, *options = tag["json"].split(",")
        number = tag["protobuf"].split(",")[1]
        yield Field(number, name, pointer == "*", not {"omitempty", "omitzero"} & set(options), go_type)


def _numbers(owner: str, structs: dict[str, list[Field]]) -> dict[str, Any]:
    """Number to JSON name, `*name` for pointers and `!name` for what JSON never leaves out.

    A Go struct that is embedded in its owner becomes a table of its own.
    """
    numbers: dict[str, Any] = {}
    for field in structs[owner]:
        if not field.number:
            return _numbers(field.go_type, structs)
        if field.name:
            mark = "*" if field.is_pointer else "!" if field.is_kept else ""
            numbers[field.number] = mark + field.name
        else:
            package = owner.rpartition(".")[0] if "." not in field.go_type else "meta.v1"
            numbers[field.number] = _numbers(f"{package}.{field.go_type.rpartition('.')[2]}", structs)
    return numbers


def _left_out(name: str, numbers: dict[str, Any]) -> list[str]:
    fields = shapes.struct(name).fields
    return sorted(field for field in _plain(numbers) if field in fields and fields[field].type in "sbildy")


def _plain(numbers: dict[str, Any]) -> Iterator[str]:
    """The fields that are no pointers and may be left out."""
    for name in numbers.values():
        if not isinstance(name, str):
            yield from _plain(name)
        elif name[0] not in "*!":
            yield name


def _names(numbers: dict[str, Any]) -> Iterator[str]:
    for name in numbers.values():
        if isinstance(name, str):
            yield name.lstrip("*!")
        else:
            yield from _names(name)


def _missing(table: dict[str, dict[str, Any]]) -> Iterator[str]:
    for name in shapes.names():
        if name not in table:
            yield name
        else:
            fields = set(shapes.struct(name).fields) - {"apiVersion", "kind"}
            yield from (f"{name}.{field}" for field in sorted(fields - set(_names(table[name]))))


if __name__ == "__main__":
    sys.exit(main([Path(argument) for argument in sys.argv[1:]]))
