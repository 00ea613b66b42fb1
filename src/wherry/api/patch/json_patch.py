"""JSON patch (RFC 6902), with the extras, limits and leniencies of upstream's implementation (evanphx/json-patch 4.13).

Beyond the RFC: a negative index counts from the end; `replace` also adds a field that is not there; what stands before
the first slash of a path is passed over, and only `replace` and `test` may speak of the whole document. Numbers are
compared as they are written: 1 is not 1.0. Limits: 10,000 operations, and 3 MiB of JSON copied by `copy`, since a short
patch could otherwise make a document explode.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from wherry.api.errors import BadRequest, RequestEntityTooLarge
from wherry.api.patch.copying import clone

MOST_OPERATIONS = 10_000
MOST_COPIED = 3 * 1024 * 1024
FIELDS = ("op", "path", "from", "value")
"""What an operation may say."""

_INTEGER = re.compile(r"[+-]?[0-9]+")
_MISSING = "missing value"


class DoesNotFit(Exception):
    """The patch is well formed but cannot be applied to this document."""


class _Absent:
    """No value was given."""


ABSENT = _Absent()


class Operation(Struct, frozen=True):
    """One step. `source` is the `from` of move and copy; None is not given."""

    op: str
    path: str | None
    value: Any = ABSENT
    source: str | None = None


def parse(patch: Any) -> list[Operation]:
    """The operations of a decoded patch; raises BadRequest or RequestEntityTooLarge."""
    if not isinstance(patch, list):
        raise _undecodable(patch, "Go value of type []handlers.jsonPatchOp")
    operations = [_operation(item) for item in patch]
    if len(patch) > MOST_OPERATIONS:
        raise RequestEntityTooLarge(
            "Request entity is too large: "
            f"The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, got {len(patch)}"
        )
    return operations


def unknown_fields(patch: Any) -> Sequence[str]:
    """Paths of what the operations of a decoded patch say that none can."""
    if not isinstance(patch, list):
        return ()
    objects = [(at, item) for at, item in enumerate(patch) if isinstance(item, dict)]
    return [f"[{at}].{name}" for at, item in objects for name in item if name not in FIELDS]


def apply(document: Any, operations: list[Operation]) -> Any:
    """The document after all operations, of which it is used up; raises DoesNotFit."""
    copied = 0
    for operation in operations:
        match operation.op:
            case "add":
                _add(document, _path(operation, "add"), _value(operation))
            case "remove":
                _remove(document, _path(operation, "remove"))
            case "replace":
                document = _replace(document, operation)
            case "move":
                _move(document, operation)
            case "test":
                _test(document, operation)
            case "copy":
                copied += _copy(document, operation, MOST_COPIED - copied)
            case _:
                raise DoesNotFit(f"Unexpected kind: {operation.op}")
    return document


def json_type(value: Any) -> str:
    """What Go's decoder calls a value."""
    if isinstance(value, bool):
        return "bool"
    names = {list: "array", str: "string", int: "number", float: "number", type(None): "null"}
    return names.get(type(value), "object")


def _operation(item: Any) -> Operation:
    if not isinstance(item, dict):
        raise _undecodable(item, "Go value of type handlers.jsonPatchOp")
    for name in ("op", "path", "from"):
        if not isinstance(item.get(name), str | None):
            raise _undecodable(item[name], f"Go struct field jsonPatchOp.{name} of type string")
    op = item.get("op")
    return Operation("unknown" if op is None else op, item.get("path"), item.get("value", ABSENT), item.get("from"))


def _undecodable(value: Any, target: str) -> BadRequest:
    return BadRequest(f"error decoding patch: json: cannot unmarshal {json_type(value)} into {target}")


def _path(operation: Operation, op: str) -> str:
    if operation.path is None:
        why = _MISSING if op in ("add", "remove", "copy") else f"operation missing path field: {_MISSING}"
        raise DoesNotFit(f"{op} operation failed to decode path: {why}")
    return operation.path


def _source(operation: Operation) -> str:
    if operation.source is None:
        raise DoesNotFit(f"{operation.op} operation failed to decode from: operation, missing from field: {_MISSING}")
    return operation.source


def _value(operation: Operation) -> Any:
    """A value to be put into the document."""
    return None if operation.value is ABSENT else clone(operation.value)


def _add(document: Any, path: str, value: Any) -> None:
    container, key = _find(document, path)
    if container is None:
        raise DoesNotFit(f'add operation does not apply: doc is missing path: "{path}": {_MISSING}')
    _insert(container, key, value, f"error in add for path: '{path}'")


def _remove(document: Any, path: str) -> None:
    container, key = _find(document, path)
    if container is None:
        raise DoesNotFit(f'remove operation does not apply: doc is missing path: "{path}": {_MISSING}')
    _delete(container, key, f"error in remove for path: '{path}'")


def _replace(document: Any, operation: Operation) -> Any:
    path = _path(operation, "replace")
    if not path:
        value = _value(operation)
        if not isinstance(value, (dict, list)):
            raise DoesNotFit("replace operation value must be object or array")
        return value
    container, key = _find(document, path)
    if container is None:
        raise DoesNotFit(f"replace operation does not apply: doc is missing path: {path}: {_MISSING}")
    if isinstance(container, dict):
        container[key] = _value(operation)
        return document
    try:
        at = _index(container, key)
    except _BadIndex:
        raise DoesNotFit(f"replace operation does not apply: doc is missing key: {path}: {_MISSING}") from None
    container[at] = _value(operation)
    return document


def _move(document: Any, operation: Operation) -> None:
    source = _source(operation)
    container, key = _find(document, source)
    if container is None:
        raise DoesNotFit(f"move operation does not apply: doc is missing from path: {source}: {_MISSING}")
    value = _get(container, key, f"error in move for path: '{key}'")
    _delete(container, key, f"error in move for path: '{key}'")
    path = _path(operation, "move")
    target, name = _find(document, path)
    if target is None:
        raise DoesNotFit(f"move operation does not apply: doc is missing destination path: {path}: {_MISSING}")
    _insert(target, name, value, f"error in move for path: '{path}'")


def _copy(document: Any, operation: Operation, allowance: int) -> int:
    """Returns how much was copied."""
    source = _source(operation)
    container, key = _find(document, source)
    if container is None:
        raise DoesNotFit(f"copy operation does not apply: doc is missing from path: {source}: {_MISSING}")
    value = _get(container, key, f"error in copy for from: '{source}'")
    path = _path(operation, "copy")
    target, name = _find(document, path)
    if target is None:
        raise DoesNotFit(f"copy operation does not apply: doc is missing destination path: {path}: {_MISSING}")
    size = 0 if value is None else len(msgspec.json.encode(value))
    if size > allowance:
        raise DoesNotFit(
            f"Unable to complete the copy, the accumulated size increase of copy is {MOST_COPIED - allowance + size}, "
            f"exceeding the limit {MOST_COPIED}"
        )
    _insert(target, name, clone(value), "error while adding value during copy")
    return size


def _test(document: Any, operation: Operation) -> None:
    path = _path(operation, "test")
    value = document
    if path:
        container, key = _find(document, path)
        if container is None:
            raise DoesNotFit(f"test operation does not apply: is missing path: {path}: {_MISSING}")
        value = _get(container, key, f"error in test for path: '{path}'")
    wanted = None if operation.value is ABSENT else operation.value
    if not _equal(value, wanted):
        raise DoesNotFit(f"testing value {path} failed: test failed")


def _find(document: Any, path: str) -> tuple[Any, str]:
    """(the container of what the path names, its key there); (None, "") when there is none."""
    _, slash, steps = path.partition("/")
    if not slash:
        return None, ""
    *parents, key = (step.replace("~1", "/").replace("~0", "~") for step in steps.split("/"))
    container = document
    for step in parents:
        try:
            container = _get(container, step, "")
        except DoesNotFit:
            return None, ""
        if not isinstance(container, (dict, list)):
            return None, ""
    return container, key


def _get(container: Any, key: str, context: str) -> Any:
    """What is there; None for a field that is not."""
    if isinstance(container, dict):
        return container.get(key)
    try:
        return container[_index(container, key)]
    except _BadIndex as error:
        raise DoesNotFit(f"{context}: {error}") from None


def _insert(container: Any, key: str, value: Any, context: str) -> None:
    if isinstance(container, dict):
        container[key] = value
        return
    if key == "-":
        container.append(value)
        return
    try:
        container.insert(_index(container, key, more=1), value)
    except _BadIndex as error:
        prefix = "" if _INTEGER.fullmatch(key) else f"value was not a proper array index: '{key}': "
        raise DoesNotFit(f"{context}: {prefix}{error}") from None


def _delete(container: Any, key: str, context: str) -> None:
    if isinstance(container, dict):
        if key not in container:
            raise DoesNotFit(f"{context}: Unable to remove nonexistent key: {key}: {_MISSING}")
        del container[key]
        return
    try:
        del container[_index(container, key)]
    except _BadIndex as error:
        raise DoesNotFit(f"{context}: {error}") from None


class _BadIndex(Exception):
    """No index of a list, in Go's words."""


def _index(items: list[Any], text: str, more: int = 0) -> int:
    """The place that `text` names in a list (of `more` items than there are)."""
    if not _INTEGER.fullmatch(text):
        raise _BadIndex(f'strconv.Atoi: parsing "{text}": invalid syntax')
    if len(text) > 19:
        raise _BadIndex(f'strconv.Atoi: parsing "{text}": value out of range')
    index, size = int(text), len(items) + more
    if not -size <= index < size:
        raise _BadIndex(f"Unable to access invalid index: {index}: invalid index referenced")
    return index + size if index < 0 else index


def _equal(left: Any, right: Any) -> bool:
    """Equality of JSON texts: 1 is neither true nor 1.0."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(_equal(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    return bool(left == right)
