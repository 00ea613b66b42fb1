"""`kubectl explain` explains every kind there is, to the last field."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

from tests.e2e.cluster import Cluster


def test_every_kind_is_explained(api: Cluster) -> None:
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda kind: _explain(api, *kind), _kinds(api)))
    assert len(told) > 60
    lacking = [text for text in told if not re.search(r"^FIELDS:\n  \S+\t<", text, re.MULTILINE)]
    assert lacking == []


def test_a_field_is_explained(api: Cluster) -> None:
    told = api.kubectl("explain", "deployment.spec.template.spec.containers.livenessProbe.httpGet.port")
    assert "GROUP:      apps" in told
    assert "IntOrString" in told
    assert "Number must be in the range 1 to 65535" in told.replace("\n    ", " ")


def _kinds(api: Cluster) -> list[tuple[str, str]]:
    """(plural, group and version) of each."""
    lines = api.kubectl("api-resources", "--no-headers").splitlines()
    return [
        (words[0], next(word for word in words[1:] if re.fullmatch(r"(.*/)?v\d\w*", word)))
        for words in map(str.split, lines)
    ]


def _explain(api: Cluster, plural: str, api_version: str) -> str:
    return api.kubectl("explain", plural, f"--api-version={api_version}", "--recursive")
