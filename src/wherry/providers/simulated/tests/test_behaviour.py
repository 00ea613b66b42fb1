from __future__ import annotations

import pytest

from wherry.api import Obj
from wherry.api.types.core_v1 import Pod
from wherry.api.types.decoding import convert
from wherry.providers.simulated.behaviour import BRIEF, STEADY, Behaviour, ordinary

JOB = {"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "u"}


@pytest.mark.parametrize(
    ("metadata", "policy", "expected"),
    [
        ({"name": "p"}, "Never", STEADY),
        ({"name": "p", "ownerReferences": [{**JOB, "controller": True}]}, "Never", BRIEF),
        ({"name": "p", "ownerReferences": [JOB]}, "Never", STEADY),
        ({"name": "recycler-for-v"}, "Never", BRIEF),
        ({"name": "recycler-for-v"}, "Always", STEADY),
    ],
    ids=["any", "a Job's", "one that a Job only owns", "a recycler", "one that is only called so"],
)
def test_who_comes_to_an_end(metadata: Obj, policy: str, expected: Behaviour) -> None:
    pod = convert(Pod, {"metadata": metadata, "spec": {"restartPolicy": policy}})
    assert ordinary(pod) is expected
