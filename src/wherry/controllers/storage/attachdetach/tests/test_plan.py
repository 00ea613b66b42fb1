from __future__ import annotations

from typing import Any

import pytest

from wherry.api.types.core_v1 import PersistentVolume, Pod
from wherry.api.types.decoding import convert
from wherry.controllers.podstate import may_use_volumes
from wherry.controllers.storage.attachdetach.plan import multi_attach_message
from wherry.controllers.storage.attachdetach.usage import Wanted

VOLUME = convert(
    PersistentVolume,
    {"metadata": {"name": "disk"}, "spec": {"csi": {"driver": "d", "volumeHandle": "h"}, "accessModes": ["RWO"]}},
)
ALONE = "Volume is already exclusively attached to one node and can't be attached to another"


def pod(name: str, namespace: str = "default", **more: Any) -> Pod:
    return convert(Pod, {"metadata": {"name": name, "namespace": namespace, **more.pop("metadata", {})}, **more})


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ([], ALONE),
        ([pod("a"), pod("b")], "Volume is already used by pod(s) a, b"),
        ([pod("a", "secret")], "Volume is already used by 1 pod(s) in different namespaces"),
        (
            [pod("a"), pod("b", "secret"), pod("c", "secret")],
            "Volume is already used by pod(s) a and 2 pod(s) in different namespaces",
        ),
    ],
    ids=["nobody", "here", "elsewhere", "both"],
)
def test_who_has_a_volume_is_said_as_far_as_it_may_be(others: list[Pod], said: str) -> None:
    assert VOLUME.spec.csi is not None
    wanted = Wanted(VOLUME, VOLUME.spec.csi, (pod("web"),))
    assert multi_attach_message(wanted, others) == f'Multi-Attach error for volume "disk" {said}'


RUNNING = {"containerStatuses": [{"name": "c", "state": {"running": {}}}]}
GOING: dict[str, Any] = {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}


@pytest.mark.parametrize(
    ("one", "needs"),
    [
        (pod("new"), True),
        (pod("done", status={"phase": "Succeeded"}), False),
        (pod("going", status=RUNNING, **GOING), True),
        (pod("gone", **GOING), False),
    ],
    ids=lambda value: value.metadata.name if isinstance(value, Pod) else str(value),
)
def test_who_still_may_use_volumes(one: Pod, needs: bool) -> None:
    assert may_use_volumes(one) is needs
