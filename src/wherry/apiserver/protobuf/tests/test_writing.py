"""What is written is what protobuf's own library writes, and reads as what it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FieldDescriptorProto
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wherry.api.schema import shapes
from wherry.apiserver.encode import decode, encode_any
from wherry.apiserver.protobuf.numbers import Layout, Unknown, layout, type_of
from wherry.apiserver.protobuf.reading import read, read_message
from wherry.apiserver.protobuf.tests.objects import objects
from wherry.apiserver.protobuf.wire import fields
from wherry.apiserver.protobuf.writing import (
    envelope_parts,
    framed,
    list_item,
    watch_event,
    write,
    write_bytes,
    write_message,
)

POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "a", "creationTimestamp": "2026-01-02T03:04:05Z", "labels": {"b": "2", "a": "1"}},
    "spec": {
        "containers": [{"name": "c", "ports": [{"containerPort": 80}], "resources": {"limits": {"cpu": "1"}}}],
        "volumes": [{"name": "v", "emptyDir": {}}, {"name": "p", "hostPath": {"path": "/", "type": ""}}],
        "priority": 0,
        "terminationGracePeriodSeconds": 0,
    },
}


def _known(name: str) -> bool:
    try:
        layout(name)
    except Unknown:
        return False
    return True


TYPES = [name for name in shapes.names() if _known(name) and name not in ("meta.v1.WatchEvent",)]


@given(st.data())
@settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)
def test_what_is_written_reads_as_what_it_was(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(TYPES))
    obj = decode(encode_any(data.draw(objects(name))))
    assert read_message(name, write_message(name, obj)) == obj


@given(st.data())
@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
def test_protobufs_own_library_understands_it_and_writes_as_much(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["core.v1.Pod", "core.v1.Service", "apps.v1.Deployment", "meta.v1.ObjectMeta"]))
    obj = data.draw(objects(name, 4))
    written = write_message(name, obj)
    parsed = _oracle(name)()
    parsed.ParseFromString(written)
    again = parsed.SerializeToString()  # with maps in an order of its own
    assert len(again) == len(written)
    assert read_message(name, again) == read_message(name, written)
    assert not _unknown(parsed)


def test_an_object_in_its_envelope() -> None:
    data = write(POD, "core.v1.Pod")
    assert data.startswith(b"k8s\x00")
    parts = dict(fields(data[4:]))
    assert parts[1] == b"\x0a\x02v1\x12\x03Pod"
    assert read(data) == POD
    assert write_bytes(encode_any(POD), "core.v1.Pod") == data


def test_nulls_and_unknown_fields_are_left_out() -> None:
    obj = {"metadata": {"name": "a", "labels": None}, "bogus": 1, "data": {"k": None}}
    assert read_message("core.v1.ConfigMap", write_message("core.v1.ConfigMap", obj)) == {
        "metadata": {"name": "a"},
        "data": {"k": ""},
    }


def test_a_list_in_pieces() -> None:
    meta = write_message("core.v1.PodList", {"metadata": {"resourceVersion": "7", "remainingItemCount": 0}})
    items = [list_item("core.v1.Pod", POD), list_item("core.v1.Pod", POD)]
    listed = read(b"".join(envelope_parts("v1", "PodList", [meta, *items])))
    own = {key: value for key, value in POD.items() if key not in ("apiVersion", "kind")}
    assert listed == {
        "apiVersion": "v1",
        "kind": "PodList",
        "metadata": {"resourceVersion": "7", "remainingItemCount": 0},
        "items": [own, own],
    }


def test_a_frame_of_a_watch() -> None:
    frame = framed(watch_event("ADDED", write(POD, "core.v1.Pod")))
    assert int.from_bytes(frame[:4], "big") == len(frame) - 4
    parts = dict(fields(frame[4:]))
    assert parts[1] == b"ADDED"
    assert isinstance(parts[2], bytes)
    enveloped = dict(fields(parts[2]))[1]
    assert isinstance(enveloped, bytes)
    assert read(enveloped) == POD


@pytest.mark.parametrize(
    ("api_version", "kind", "expected"),
    [
        ("v1", "Pod", "core.v1.Pod"),
        ("apps/v1", "DeploymentList", "apps.v1.DeploymentList"),
        ("meta.k8s.io/v1", "PartialObjectMetadataList", "meta.v1.PartialObjectMetadataList"),
        ("meta.k8s.io/v1", "Table", ""),
        ("policy/v1", "DeleteOptions", "meta.v1.DeleteOptions"),
        ("meta.k8s.io/v1", "DeleteOptions", "meta.v1.DeleteOptions"),
        ("apps/v1", "Status", "meta.v1.Status"),
        ("v1", "APIGroupList", "meta.v1.APIGroupList"),
        ("authentication.k8s.io/v1", "TokenRequest", "authentication.v1.TokenRequest"),
        ("example.com/v1", "Thing", ""),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", "apiextensions.v1.CustomResourceDefinition"),
    ],
)
def test_types_of_kinds(api_version: str, kind: str, expected: str) -> None:
    assert type_of(api_version, kind) == expected


def test_fields_without_a_number_are_those_that_are_known_to_be_without() -> None:
    """Alpha fields that came after the sources of the numbers; the list may only shrink."""
    missing = {
        f"{name}.{field}"
        for name in TYPES
        for field in set(shapes.struct(name).fields) - set(_names(layout(name))) - {"apiVersion", "kind"}
    }
    assert {name.rpartition(".")[2] for name in missing} <= {
        "runningInUserNamespace",
        "compatibilityGroups",
        "derivedAttributes",
    }


# ---------------------------------------------------------------- the oracle

_OUTER = ".o."
_SPECIAL = {
    "q": ("Quantity", {"string": (1, "s")}),
    "t": ("Time", {"seconds": (1, "l"), "nanos": (2, "i")}),
    "u": ("MicroTime", {"seconds": (1, "l"), "nanos": (2, "i")}),
    "x": ("IntOrString", {"type": (1, "l"), "intVal": (2, "i"), "strVal": (3, "s")}),
    "o": ("RawExtension", {"raw": (1, "y")}),
    "f": ("FieldsV1", {"Raw": (1, "y")}),
}
_KINDS = {
    "s": FieldDescriptorProto.TYPE_STRING,
    "i": FieldDescriptorProto.TYPE_INT32,
    "l": FieldDescriptorProto.TYPE_INT64,
    "b": FieldDescriptorProto.TYPE_BOOL,
    "d": FieldDescriptorProto.TYPE_DOUBLE,
    "y": FieldDescriptorProto.TYPE_BYTES,
}


@cache
def _oracle(name: str) -> type[Message]:
    """The message class that protobuf's library makes of a type's layout."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{name}.proto", package="o", syntax="proto2")
    waiting, done = [(name, layout(name))], set()
    for special, described in _SPECIAL.values():
        made = file.message_type.add(name=special)
        for field_name, (number, kind) in described.items():
            made.field.add(name=field_name, number=number, label=FieldDescriptorProto.LABEL_OPTIONAL, type=_KINDS[kind])
    while waiting:
        type_name, shape = waiting.pop()
        if type_name in done:
            continue
        done.add(type_name)
        waiting += _describe(file.message_type.add(name=_flat(type_name)), type_name, shape)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"o.{_flat(name)}"))


def _describe(made: Any, type_name: str, shape: Layout) -> list[tuple[str, Layout]]:
    """Fill in a message; returns the types that it refers to."""
    found: list[tuple[str, Layout]] = []
    for number, inner in shape.embedded.items():
        inner_name = f"{type_name}.inner{number}"
        found.append((inner_name, inner))
        made.field.add(name=f"inner{number}", number=number, label=1, type=11, type_name=_OUTER + _flat(inner_name))
    for field in shape.fields:
        kind, label = field.type, FieldDescriptorProto.LABEL_OPTIONAL
        if kind[0] == "[":
            kind, label = kind[1:], FieldDescriptorProto.LABEL_REPEATED
        if kind[0] == "{":
            entry = made.nested_type.add(name=field.name[0].upper() + field.name[1:] + "Entry")
            entry.options.map_entry = True
            entry.field.add(name="key", number=1, label=1, type=9)
            found += _typed(entry.field.add(name="value", number=2, label=1), kind[1:])
            made.field.add(
                name=field.name, number=field.number, label=3, type=11, type_name=f"{_OUTER}{made.name}.{entry.name}"
            )
        else:
            found += _typed(made.field.add(name=field.name, number=field.number, label=label), kind)
    return found


def _typed(field: Any, type: str) -> list[tuple[str, Layout]]:
    if type in _KINDS:
        field.type = _KINDS[type]
        return []
    field.type = FieldDescriptorProto.TYPE_MESSAGE
    if type in _SPECIAL:
        field.type_name = _OUTER + _SPECIAL[type][0]
        return []
    field.type_name = _OUTER + _flat(type[1:])
    return [(type[1:], layout(type[1:]))]


def _flat(name: str) -> str:
    return name.replace(".", "_")


def _names(shape: Layout) -> list[str]:
    return [field.name for field in shape.fields] + [
        name for inner in shape.embedded.values() for name in _names(inner)
    ]


def _unknown(parsed: Any) -> list[Any]:
    """Fields, on any level, that the library has no name for."""
    unknown: Any = UnknownFieldSet(parsed)
    found = list(unknown)
    for _, value in parsed.ListFields():
        if isinstance(value, Message):
            inner: Iterable[Any] = [value]
        else:
            inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, Iterable) else ()
        found += [field for each in inner if isinstance(each, Message) for field in _unknown(each)]
    return found
