from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.testing.shape import shape


def pod(name: str, node: str, ip: str, **more: Any) -> Obj:
    metadata = {"name": name, "generateName": "web-", "uid": "0000", "creationTimestamp": "2024-01-01T00:00:00Z"}
    return {"kind": "Pod", "metadata": metadata, "spec": {"nodeName": node}, "status": {"podIP": ip, **more}}


def slices(*names: str) -> Obj:
    return {
        "kind": "EndpointSlice",
        "metadata": {"name": "s"},
        "endpoints": [{"targetRef": {"name": n}} for n in names],
    }


def test_chance_and_order_do_not_count() -> None:
    one = [pod("web-abc", "n1", "10.0.0.1"), pod("web-xyz", "n2", "10.0.0.2"), slices("web-abc", "web-xyz")]
    other = [slices("web-123", "web-abc"), pod("web-123", "n1", "10.0.0.7"), pod("web-abc", "n1", "10.0.0.9")]
    assert shape(one) == shape(other)


def test_everything_else_does() -> None:
    one = pod("web-abc", "n1", "10.0.0.1", phase="Running")
    assert shape([one]) != shape([pod("web-abc", "n1", "10.0.0.1", phase="Failed")])
    assert shape([one]) != shape([one, one])
    assert shape([one], drop=["phase"]) == shape([pod("web-abc", "n1", "10.0.0.1")])


def test_what_consists_only_of_what_does_not_count_does_not_count_either() -> None:
    one, other = pod("web-abc", "n1", "10.0.0.1"), pod("web-abc", "n1", "10.0.0.1")
    one["metadata"]["annotations"] = {"when": "now"}
    assert shape([one], drop=["when"]) == shape([other]) != shape([one])
    other["metadata"]["annotations"] = {}
    assert shape([one], drop=["when"]) != shape([other]), "empty is something"
