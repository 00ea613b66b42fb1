from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.structural.jsonpath import PathError, compile_path

POD: Any = {
    "metadata": {"name": "web", "labels": {"app.kubernetes.io/name": "web"}},
    "spec": {"containers": [{"name": "a", "image": "x:1", "port": 80}, {"name": "b", "image": "y:2", "port": 443}]},
    "status": {
        "ready": True,
        "ratio": 0.5,
        "none": None,
        "conditions": [
            {"type": "Ready", "status": "True"},
            {"type": "Say (no)", "status": "False"},
        ],
    },
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".metadata.name", ["web"]),
        ("$.metadata.name", ["web"]),
        (".metadata.labels.app\\.kubernetes\\.io/name", ["web"]),
        (".metadata.labels['app\\.kubernetes\\.io/name']", ["web"]),
        (".metadata['name']", ["web"]),
        (".metadata.missing", []),
        (".metadata.missing.deeper", []),
        (".spec.containers[0].name", ["a"]),
        (".spec.containers[-1].name", ["b"]),
        (".spec.containers[-2].name", ["a"]),
        (".spec.containers[*].name", ["a", "b"]),
        (".spec.containers[0:1].name", ["a"]),
        (".spec.containers[1:].name", ["b"]),
        (".spec.containers[:2:2].name", ["a"]),
        (".spec.containers[0,1].name", ["a", "b"]),
        (".spec.containers[*]['name','image']", ["a", "b", "x:1", "y:2"]),
        ("..image", ["x:1", "y:2"]),
        (".status.conditions[?(@.type=='Ready')].status", ["True"]),
        ('.status.conditions[?(@.type=="Say (no)")].status', ["False"]),
        (".status.conditions[?(@.type!='Ready')].status", ["False"]),
        (".spec.containers[?(@.port>100)].name", ["b"]),
        (".spec.containers[?(@.port)].name", ["a", "b"]),
        (".spec.containers[?(@.other)].name", []),
        (".status.none", [None]),
        (".status.none.deeper", []),
        (".status.ready", [True]),
        (".metadata.labels.*", ["web"]),
        (".", []),
    ],
)
def test_find(path: str, found: list[Any]) -> None:
    assert compile_path(path).find(POD) == found


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (".spec.containers[2].name", "array index out of bounds: index 2, length 2"),
        (".spec.containers[-3].name", "array index out of bounds: index -1, length 2"),
        (".metadata[0]", "map[string]interface {} is not array or slice"),
        (".metadata[?(@.x)]", "cannot be filtered"),
        (".spec.containers[?(@.port=='x')]", "incompatible types for comparison"),
        (".spec.containers[?(@.port=~'x')]", "unrecognized filter operator =~"),
        (".spec.containers[0:2:0]", "step must be > 0"),
    ],
)
def test_dead_ends(path: str, message: str) -> None:
    with pytest.raises(PathError) as caught:
        compile_path(path).find(POD)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (".a[", "unterminated array"),
        (".a[b]", "invalid array index b"),
        (".a[?(@.b]", "unterminated filter"),
        (".a[?(@.b)x", "unclosed array expect ]"),
        (".a.....b", "invalid multiple recursive descent"),
        (".a 'b", "unterminated quoted string"),
        (".a%", None),
        ("a", "unrecognized identifier a"),
        (".a{", "unrecognized character in action: U+007B '{'"),
        (".a\n", "unclosed action"),
    ],
)
def test_no_paths(path: str, message: str | None) -> None:
    if message is None:
        compile_path(path)
        return
    with pytest.raises(PathError) as caught:
        compile_path(path)
    assert str(caught.value) == message


@given(st.text(alphabet=".[]?(@)*',:-0123ab\\\"=<>{} \n$é", max_size=40))
def test_any_text_is_a_path_or_not(text: str) -> None:
    try:
        compile_path(text).find(POD)
    except PathError:
        pass


def test_hostile_paths_end_soon() -> None:
    wide = [[0] * 100 for _ in range(100)]
    start = time.perf_counter()
    with pytest.raises(PathError, match="more than"):
        compile_path("[*,*,*,*,*,*,*,*,*,*][*,*,*,*,*,*,*,*,*,*][*,*,*]").find(wide)
    assert time.perf_counter() - start < 2
