from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from wherry.api.core.podspec.overlaps import _is_clear, _overlap, warn_of_overlaps

PATHS = st.lists(st.text("ab/", max_size=4).map(lambda path: path.rstrip("/")), max_size=6)


@given(PATHS)
def test_neighbours_tell_whether_any_two_overlap(paths: list[str]) -> None:
    assert _is_clear(paths) == (not any(_overlap(one, other) for one, other in combinations(paths, 2)))


def test_a_token_in_the_way_of_a_file_is_told_of() -> None:
    token = {"serviceAccountToken": {"path": "run/token"}}
    certificate = {"configMap": {"name": "root", "items": [{"key": "ca", "path": "run/"}]}}
    volumes = [{"name": "v", "projected": {"sources": [token, {}, certificate]}}]
    assert list(warn_of_overlaps(volumes)) == [
        'volume "v" (Projected) has no sources provided',
        'volume "v" (Projected ConfigMap "root"): overlapping paths: "run/token" with "run"',
    ]


def test_nothing_is_said_of_the_volume_of_every_pod() -> None:
    sources = [
        {"serviceAccountToken": {"path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace"}]}},
    ]
    assert list(warn_of_overlaps([{"name": "v", "projected": {"sources": sources}}])) == []
