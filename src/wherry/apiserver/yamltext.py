"""YAML in and out, on libyaml; imported only when somebody speaks it.

The loader keeps to what JSON can say: no dates, no tags. Scalars follow YAML 1.1 as upstream's library does.
"""

from __future__ import annotations

from typing import Any

import yaml

YamlError = yaml.YAMLError


class _Loader(yaml.CSafeLoader):
    """Reads dates as the strings they are."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def parse_yaml(text: bytes) -> Any:
    """The first document of a text; raises YamlError."""
    try:
        return _plain(yaml.load(text, _Loader))  # noqa: S506 - a safe loader
    except (UnicodeDecodeError, RecursionError) as error:
        raise YamlError(str(error)) from error


def format_yaml(value: Any) -> bytes:
    text: bytes = yaml.dump(value, Dumper=yaml.CSafeDumper, default_flow_style=False, encoding="utf-8")
    return text


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
