"""The compact data of each type: fields, requirements, list types, merge keys.

A type's name is `core.v1.PodSpec`. Its line in `data/schema.z` is JSON: `f` fields, `r` required ones, `m` map type,
`g` group/version/kinds, `u` unions. A field is a type expression, or [expression, extras]. The expressions:

    s string   i int32    l int64   b bool   d double   y base64 bytes   t Time   u MicroTime   q Quantity
    x IntOrString   o any object (RawExtension)   f FieldsV1   j any JSON
    B JSONSchemaProps or bool   A JSONSchemaProps or list   S JSONSchemaProps or strings
    [E list of E   {E map of E   @name another type

The line of the empty name maps `apps/v1/Deployment` to its type. The text of all types is kept (160 KB); a `Struct` is
made when somebody asks for it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

DATA = Path(__file__).parent.parent / "data"

_LONG = {
    "meta": "io.k8s.apimachinery.pkg.apis.",
    "version": "io.k8s.apimachinery.pkg.",
    "apiextensions": "io.k8s.apiextensions-apiserver.pkg.apis.",
    "apiregistration": "io.k8s.kube-aggregator.pkg.apis.",
}


class Field(msgspec.Struct, frozen=True):
    """A field's type and how its content merges."""

    type: str
    list_type: str = ""
    list_keys: tuple[str, ...] = ()
    map_type: str = ""
    patch_strategy: str = ""
    patch_key: str = ""


class Struct(msgspec.Struct, frozen=True, eq=False):
    """One type: a JSON object with known fields. Compared by identity: there is one value for a name."""

    name: str
    fields: Mapping[str, Field]
    required: tuple[str, ...] = ()
    map_type: str = ""
    kinds: tuple[tuple[str, str, str], ...] = ()
    """The (group, version, kind)s whose objects are of this type."""
    unions: tuple[Any, ...] = ()

    @property
    def short_name(self) -> str:
        """The name of the Go type: `PodSpec`."""
        return self.name.rpartition(".")[2]


@cache
def struct(name: str) -> Struct:
    """The type of a name such as `core.v1.PodSpec`; raises LookupError."""
    line = json.loads(_lines()[name])
    return Struct(
        name,
        {key: _field(value) for key, value in line["f"].items()},
        tuple(line.get("r", ())),
        line.get("m", ""),
        tuple((group, version, kind) for group, version, kind in line.get("g", ())),
        tuple(line.get("u", ())),
    )


def kind_struct(api_version: str, kind: str) -> Struct:
    """The type of a kind's objects; raises LookupError."""
    name = _kinds().get(f"{api_version}/{kind}")
    if name is None:
        raise LookupError(f"no built-in kind {kind} in {api_version}")
    return struct(name)


def names() -> list[str]:
    """The names of all types, sorted."""
    return [name for name in _lines() if name]


def left_out(name: str) -> frozenset[str]:
    """The plain fields of a type whose zero says nothing to Go: it reads false, 0 and "" as if they were not there."""
    return frozenset(_zeros().get(name, "").split())


def base_type(expression: str) -> str:
    """The name of the type inside lists and maps, "" when it is a scalar."""
    inner = expression.lstrip("[{")
    return inner[1:] if inner.startswith("@") else ""


def long_name(name: str) -> str:
    """The name in OpenAPI: `io.k8s.api.core.v1.PodSpec`."""
    return _LONG.get(name.partition(".")[0], "io.k8s.api.") + name


@cache
def _lines() -> dict[str, str]:
    return _read("schema.z")


@cache
def _kinds() -> dict[str, str]:
    kinds: dict[str, str] = json.loads(_lines()[""])
    return kinds


@cache
def _zeros() -> dict[str, str]:
    return _read("zeros.z")


def _read(file: str) -> dict[str, str]:
    lines = zlib.decompress((DATA / file).read_bytes()).decode().splitlines()
    return {name: text for name, _, text in (line.partition("\t") for line in lines)}


def _field(value: Any) -> Field:
    if isinstance(value, str):
        return Field(value)
    expression, extras = value
    return Field(
        expression,
        extras.get("lt", ""),
        tuple(extras.get("lk", ())),
        extras.get("mt", ""),
        extras.get("ps", ""),
        extras.get("pk", ""),
    )
