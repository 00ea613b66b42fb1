"""Bodies in protobuf become what the same bodies in JSON would have become."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.apiserver.protobuf.reading import Unreadable, read
from wherry.apiserver.protobuf.wire import fields, signed, varint


def number(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def message(*parts: tuple[int, Any]) -> bytes:
    """Fields: numbers as varints, text and nested messages with their lengths."""
    out = b""
    for field, value in parts:
        if isinstance(value, int):
            out += number(field << 3) + number(value)
        else:
            data = value.encode() if isinstance(value, str) else value
            out += number(field << 3 | 2) + number(len(data)) + data
    return out


def body(api_version: str, kind: str, raw: bytes, *more: tuple[int, Any]) -> bytes:
    return b"k8s\x00" + message((1, message((1, api_version), (2, kind))), (2, raw), *more)


def meta(name: str) -> bytes:
    """As Go sends it: empty strings and an empty creation time included."""
    return message((1, name), (2, ""), (3, "default"), (4, ""), (5, ""), (6, ""), (7, 0), (8, b""))


METADATA = {"name": "a", "namespace": "default"}


def test_maps_and_bytes() -> None:
    raw = message((1, meta("a")), (2, message((1, "k"), (2, "v"))), (3, message((1, "b"), (2, b"\xff"))))
    assert read(body("v1", "ConfigMap", raw)) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": METADATA,
        "data": {"k": "v"},
        "binaryData": {"b": "/w=="},
    }


def test_a_pod() -> None:
    probe = message((1, message((2, message((1, "/"), (2, message((1, 1), (2, 0), (3, "http"))))))), (2, 0), (3, 5))
    resources = message((1, message((1, "cpu"), (2, message((1, "100m"))))))
    container = message((1, "c"), (2, "i"), (8, resources), (10, probe), (18, 0))
    volume = message((1, "v"), (2, message((2, message((1, ""))))))
    spec = message((1, volume), (2, container), (3, "Always"), (4, 0), (11, 0), (10, ""))
    assert read(body("v1", "Pod", message((1, meta("a")), (2, spec), (3, message((1, ""))))))["spec"] == {
        "volumes": [{"name": "v", "emptyDir": {}}],
        "containers": [
            {
                "name": "c",
                "image": "i",
                "resources": {"limits": {"cpu": "100m"}},
                "livenessProbe": {"httpGet": {"path": "/", "port": "http"}, "timeoutSeconds": 5},
            }
        ],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 0,
    }


def test_times_and_lists_in_maps() -> None:
    raw = message((1, meta("a")), (2, message((1, "h"), (3, number(10)), (4, message((1, 1_700_000_000), (2, 500))))))
    with pytest.raises(Unreadable):
        read(body("coordination.k8s.io/v1", "Lease", raw))
    raw = message((1, meta("a")), (2, message((1, "h"), (2, 0), (4, message((1, 1_700_000_000), (2, 500_000))))))
    lease = read(body("coordination.k8s.io/v1", "Lease", raw))
    assert lease["spec"] == {
        "holderIdentity": "h",
        "leaseDurationSeconds": 0,
        "renewTime": "2023-11-14T22:13:20.000500Z",
    }
    user = message((3, "u"), (5, message((1, "k"), (2, message((1, "x"), (1, "y"))))))
    review = read(body("authorization.k8s.io/v1", "SubjectAccessReview", message((2, user))))
    assert review["spec"] == {"user": "u", "extra": {"k": ["x", "y"]}}


def test_options_travel_under_any_version() -> None:
    assert read(body("policy/v1", "DeleteOptions", message((1, 0), (4, "Background")))) == {
        "apiVersion": "policy/v1",
        "kind": "DeleteOptions",
        "gracePeriodSeconds": 0,
        "propagationPolicy": "Background",
    }


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"k8s\x00\x0a",
        body("v1", "Nothing", b""),
        body("v1", "ConfigMap", b"\x0a\x05ab"),
        body("v1", "ConfigMap", message((1, 7))),
        b"k8s\x00" + b"\xff" * 20,
    ],
)
def test_what_can_not_be_read(data: bytes) -> None:
    with pytest.raises(Unreadable):
        read(data)


def test_unknown_fields_are_passed_over() -> None:
    raw = message((1, meta("a")), (99, "unknown"), (98, 7))
    assert read(body("v1", "ConfigMap", raw)) == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": METADATA}


def test_json_in_an_envelope() -> None:
    obj = {"apiVersion": "example.com/v1", "kind": "Thing"}
    assert read(body("", "", json.dumps(obj).encode(), (4, "application/json"))) == obj


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_varints(value: int) -> None:
    raw, end = varint(number(value), 0)
    assert (signed(raw), end) == (value, len(number(value)))


@given(st.binary(max_size=60))
def test_garbage_is_refused_or_read_but_never_worse(data: bytes) -> None:
    for content in (data, body("v1", "Pod", data)):
        try:
            read(content)
        except Unreadable:
            pass


@given(st.lists(st.tuples(st.integers(1, 1000), st.integers(0, 1 << 40) | st.binary(max_size=20))))
def test_fields_are_the_inverse_of_message(parts: list[tuple[int, Any]]) -> None:
    assert list(fields(message(*parts))) == parts
