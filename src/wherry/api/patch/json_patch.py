"""JSON patch (RFC 6902), with the extras and limits of upstream's implementation.

Beyond the RFC: a negative index counts from the end; `remove` and `replace` need what they name. Limits: 10,000
operations, and 3 MiB of JSON copied by `copy`, since a short patch could otherwise make a document explode.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import msgspec

from wherry.api.errors import BadRequest, RequestEntityTooLarge
from wherry.api.patch.copying import clone

MOST_OPERATIONS = 10_000
MOST_COPIED = 3 * 1024 * 1024

Container = dict[str, Any] | list[Any]


class DoesNotFit(Exception):
    """The patch is well formed but cannot be applied to this document."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One step. `source` is the `from` of move and copy."""

    op: str
    path: str
    value: Any = None
    source: str = ""


def parse(patch: Any) -> list[Operation]:
    """The operations of a decoded patch; raises BadRequest or RequestEntityTooLarge."""
    if not isinstance(patch, list):
        raise BadRequest("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    if len(patch) > MOST_OPERATIONS:
        raise RequestEntityTooLarge(
            "Request entity is too large: "
            f"The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, got {len(patch)}"
        )
    return [_operation(item) for item in patch]


def apply(document: Any, operations: list[Operation]) -> Any:
    """The document after all operations, of which it is used up; raises DoesNotFit."""
    copied = 0
    for operation in operations:
        if operation.op == "add":
            document = _add(document, operation.path, clone(operation.value))
        elif operation.op == "remove":
            document = _remove(document, operation.path)
        elif operation.op == "replace":
            document = _replace(document, operation.path, clone(operation.value))
        elif operation.op == "move":
            if operation.path.startswith(operation.source + "/"):
                raise DoesNotFit(f"unable to move {operation.source} into itself")
            value = _get(document, operation.source)
            document = _add(_remove(document, operation.source), operation.path, value)
        elif operation.op == "copy":
            value = _get(document, operation.source)
            copied += len(msgspec.json.encode(value))
            if copied > MOST_COPIED:
                raise DoesNotFit(f"Unable to complete the copy, the accumulated size increase of copy is {copied}")
            document = _add(document, operation.path, clone(value))
        elif operation.op == "test":
            _test(document, operation)
        else:
            raise DoesNotFit(f"Unexpected kind: {operation.op}")
    return document


def _operation(item: Any) -> Operation:
    if not isinstance(item, dict):
        raise BadRequest("json: cannot unmarshal array into Go value of type jsonpatch.Operation")
    op, path, source = (item.get(name, "") for name in ("op", "path", "from"))
    if not (isinstance(op, str) and isinstance(path, str) and isinstance(source, str)):
        raise BadRequest("json: cannot unmarshal a value that is no string into op, path or from of a JSON patch")
    return Operation(op, path, item.get("value"), source)


def _add(document: Any, path: str, value: Any) -> Any:
    container, key = _find(document, path, "add")
    if container is None:
        return value
    if isinstance(container, dict):
        container[key] = value
    else:
        container.insert(len(container) if key == "-" else _index(container, key, path, last=len(container)), value)
    return document


def _remove(document: Any, path: str) -> Any:
    container, key = _find(document, path, "remove")
    if container is None:
        return None
    del container[_existing(container, key, path, "remove")]
    return document


def _replace(document: Any, path: str, value: Any) -> Any:
    container, key = _find(document, path, "replace")
    if container is None:
        return value
    container[_existing(container, key, path, "replace")] = value
    return document


def _test(document: Any, operation: Operation) -> None:
    container, key = _find(document, operation.path, "test")
    if container is None:
        value = document
    elif isinstance(container, dict):
        value = container.get(key)  # upstream: a missing field equals null
    else:
        value = container[_index(container, key, operation.path, last=len(container) - 1)]
    if not _equal(value, operation.value):
        raise DoesNotFit(f"testing value {operation.path} failed")


def _get(document: Any, path: str) -> Any:
    container, key = _find(document, path, "copy or move")
    return document if container is None else container[_existing(container, key, path, "copy or move")]


def _find(document: Any, path: str, op: str) -> tuple[Any, str]:
    """(the container of what the path names, its key there); (None, "") for the whole document."""
    if not path:
        return None, ""
    if not path.startswith("/"):
        raise DoesNotFit(f"{op} operation does not apply: doc is missing path: {json.dumps(path)}")
    *parents, key = (step.replace("~1", "/").replace("~0", "~") for step in path[1:].split("/"))
    container = document
    for step in parents:
        if isinstance(container, dict):
            container = container.get(step)
        elif isinstance(container, list):
            container = container[_index(container, step, path, last=len(container) - 1)]
        if not isinstance(container, (dict, list)):
            raise DoesNotFit(f"{op} operation does not apply: doc is missing path: {json.dumps(path)}")
    if not isinstance(container, (dict, list)):
        raise DoesNotFit(f"{op} operation does not apply: doc is missing path: {json.dumps(path)}")
    return container, key


def _existing(container: Container, key: str, path: str, op: str) -> Any:
    if isinstance(container, list):
        return _index(container, key, path, last=len(container) - 1)
    if key not in container:
        raise DoesNotFit(f"{op} operation does not apply: doc is missing key: {path}")
    return key


def _index(items: list[Any], text: str, path: str, last: int) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or (digits != "0" and digits.startswith("0")):
        raise DoesNotFit(f"{path}: {json.dumps(text)} is no index of a list")
    index = int(text)
    if index < 0:
        index += last + 1
    if not 0 <= index <= last:
        raise DoesNotFit(f"{path}: index {text} is out of the bounds of a list of {len(items)}")
    return index


def _equal(left: Any, right: Any) -> bool:
    """JSON equality: Python holds True equal to 1."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_equal(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)
