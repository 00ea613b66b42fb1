"""What unmodified kubectls say, command by command: the stories of `stories/`, which play beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from tests.e2e.cluster import Cluster
from tests.e2e.storytelling import NAMES, Scene, Story, play

_AT_ONCE = 4


@pytest.fixture(scope="module")
def played(
    api: Cluster, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, Future[list[str]]]]:
    """What went wrong in each story that was asked for."""
    folder = tmp_path_factory.mktemp("stories")
    wanted = {item.callspec.params.get("name") for item in request.session.items if hasattr(item, "callspec")}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield {name: pool.submit(play, Story.read(name), api, folder / name) for name in NAMES if name in wanted}


@pytest.mark.parametrize("name", NAMES)
def test_story(played: Mapping[str, Future[list[str]]], name: str) -> None:
    faults = played[name].result()
    assert not faults, "seen instead:\n" + "\n".join(faults)


@pytest.mark.parametrize(
    ("expected", "seen", "fits"),
    [
        ("a…c", "abc\n", True),
        ("a", "ab", False),
        ("(a)", "(a)", True),
        ("a…c", "ab\nc", False),
        ("a\n…\nc", "a\nb\nb\nc", True),
        ("a\n…\nc", "a\nc", True),
        ("a b", "a    b", True),
        ("", "a", False),
    ],
)
def test_what_stands_for_anything(expected: str, seen: str, fits: bool) -> None:
    assert Scene("", expected).fits(seen) is fits


def test_a_story_has_scenes_and_files() -> None:
    story = Story.parse("Why.\n\n$ one\nseen\n[1]\n$ two\n-- a.yaml --\nx: {ns}\n-- b.yaml --\ny\n").filled("here")
    assert story.scenes == (Scene("one", "seen\n[1]\n"), Scene("two", ""))
    assert story.files == {"a.yaml": "x: here\n", "b.yaml": "y\n"}
