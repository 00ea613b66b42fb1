"""The downward API's maps."""

from __future__ import annotations

from wherry.kubelet.pods.fields import Place, pod_field
from wherry.kubelet.pods.tests.cases import make_pod


def test_maps_are_sorted_and_quoted_as_go_does() -> None:
    pod = make_pod(metadata={"annotations": {"b": 'say "hi"\n', "a": "é\u0001"}})
    assert pod_field(pod, "metadata.annotations", Place("")) == 'a="é\\x01"\nb="say \\"hi\\"\\n"'


def test_a_missing_label_is_empty() -> None:
    assert pod_field(make_pod(), "metadata.labels['none']", Place("")) == ""
