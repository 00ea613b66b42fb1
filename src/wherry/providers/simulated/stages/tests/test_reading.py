from __future__ import annotations

import pytest

from wherry.providers.simulated.stages.reading import read_stages
from wherry.providers.simulated.stages.stage import StageError

HEAD = """
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: %s}
spec: {resourceRef: {kind: Pod}, %s next: {}}
"""


def test_several_to_a_file() -> None:
    text = "# none yet\n---\n" + HEAD % ("a", "selector: {},") + "--- # next\n" + HEAD % ("b", "")
    assert [stage.name for stage in read_stages(text)] == ["a"]


@pytest.mark.parametrize(
    ("text", "why"), [("a: [", "document 1 is no YAML"), ("---\n- a\n", "no object"), ("kind: Pod", "is no Stage")]
)
def test_what_is_refused(text: str, why: str) -> None:
    with pytest.raises(StageError, match=why):
        read_stages(text)
