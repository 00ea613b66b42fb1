"""YAML in and out, on libyaml; imported only when somebody speaks it.

The loader keeps to what JSON can say: no dates, no tags. Words are read as upstream's library does (`yamlscalars.py`).
Aliases are weighed before anything is made of them: a few hundred bytes of aliases of aliases would otherwise become
gigabytes (the "billion laughs" of CVE-2019-11253).
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from wherry.apiserver.yamlscalars import TRUE, read_number

YamlError = yaml.YAMLError


_BOOL, _INT, _FLOAT = (f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float"))
_NOT_RESOLVED = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value", _INT, _FLOAT)


class _Loader(yaml.CSafeLoader):
    """Reads dates, and the sign `=`, as the strings they are."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _NOT_RESOLVED]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
_JSON_TAGS = {None, *(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str", "seq", "map"))}
_Loader.yaml_constructors = {
    tag: construct for tag, construct in yaml.CSafeLoader.yaml_constructors.items() if tag in _JSON_TAGS
}
_MAYBE_NUMBER = re.compile(r"[-+.0-9][-+.0-9a-zA-Z_]*\Z")
_MORE_BOOLS = re.compile(r"[yYnN]\Z")
for _first in "+-.0123456789":
    _Loader.add_implicit_resolver(_FLOAT, _MAYBE_NUMBER, [_first])
for _first in "yYnN":
    _Loader.add_implicit_resolver(_BOOL, _MORE_BOOLS, [_first])


def _number(loader: _Loader, node: yaml.ScalarNode) -> int | float | str:
    return read_number(loader.construct_scalar(node))


def _truth(loader: _Loader, node: yaml.ScalarNode) -> bool:
    return loader.construct_scalar(node).lower() in TRUE


_Loader.yaml_constructors.update({_BOOL: _truth, _INT: _number, _FLOAT: _number})
_ALIAS_ALLOWANCE = 400_000
"""How much heavier than its text a document may become through aliases, in nodes and characters."""


def parse_yaml(text: bytes) -> Any:
    """The first document of a text; raises YamlError."""
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            if _weight(node, {}) > 2 * len(text) + _ALIAS_ALLOWANCE:
                raise YamlError("document contains excessive aliasing")
            return _plain(loader.construct_document(node))
        finally:
            loader.dispose()
    except (ValueError, RecursionError) as error:  # bytes that are no text, integers of thousands of digits
        raise YamlError(str(error)) from error


def format_yaml(value: Any) -> bytes:
    """A document, keys sorted, long lines unbroken, as upstream writes it."""
    text: bytes = yaml.dump(
        value, Dumper=yaml.CSafeDumper, default_flow_style=False, encoding="utf-8", allow_unicode=True, width=1 << 30
    )
    return text


def format_item(value: Any) -> bytes:
    """A map as an element of a list that stands at the margin."""
    return b"- " + format_yaml(value).rstrip(b"\n").replace(b"\n", b"\n  ") + b"\n"


def repeated_keys(text: bytes) -> list[tuple[int, str]]:
    """(line, key) of each key that stands in its map already, in a text that `parse_yaml` can read."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
    finally:
        loader.dispose()
    found: list[tuple[int, str]] = []
    if node is not None:
        _collect_repeated(node, set(), found)
    return sorted(found)


def _collect_repeated(node: yaml.Node, visited: set[int], found: list[tuple[int, str]]) -> None:
    if isinstance(node, yaml.ScalarNode) or id(node) in visited:
        return
    visited.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for member in node.value:
            _collect_repeated(member, visited, found)
        return
    seen: set[str] = set()
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
            if key.value in seen:
                found.append((key.start_mark.line + 1, key.value))
            seen.add(key.value)
        _collect_repeated(value, visited, found)


def _weight(node: yaml.Node, known: dict[int, int]) -> int:
    """Nodes and characters of what `node` stands for, aliases followed; each node is weighed once."""
    weight = known.get(id(node))
    if weight is not None:
        if not weight:
            raise YamlError("an anchor's value contains itself")
        return weight
    known[id(node)] = 0
    if isinstance(node, yaml.ScalarNode):
        weight = 1 + len(node.value)
    elif isinstance(node, yaml.MappingNode):
        weight = 1 + sum(_weight(key, known) + _weight(value, known) for key, value in node.value)
    else:
        weight = 1 + sum(_weight(member, known) for member in node.value)
    known[id(node)] = weight
    return weight


def _plain(value: Any) -> Any:
    """Map keys of JSON are strings."""
    if isinstance(value, dict):
        return {key if isinstance(key, str) else _key(key): _plain(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_plain(member) for member in value]
    return value


def _key(key: Any) -> str:
    if key is None:
        return "null"
    return str(key).lower() if isinstance(key, bool) else str(key)
