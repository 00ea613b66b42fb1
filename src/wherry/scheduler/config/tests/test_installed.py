"""The plugin of docs/scheduler.md, installed as a package of its own and enabled by the file there."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from wherry.scheduler.config.installed import installed_plugins
from wherry.scheduler.config.reading import read_configuration
from wherry.scheduler.tests.scene import Scene, scene

_DOCUMENT = Path(__file__).parents[5] / "docs" / "scheduler.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", _DOCUMENT.read_text(), re.DOTALL)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,), (project,) = blocks("python"), blocks("toml")
    (tmp_path / "quiet.py").write_text(code)
    info = tmp_path / "quiet-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: quiet\nVersion: 1\n")
    name, target = re.findall(r'^(\w+) = "(.*)"$', project, re.MULTILINE)[0]
    (info / "entry_points.txt").write_text(f"[wherry.scheduler]\n{name} = {target}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "quiet", raising=False)


async def pod(on: Scene, name: str, *, quiet: bool = False) -> str:
    await on.pod(name, annotations={"example.com/quiet": "true"} if quiet else {})
    return await on.home(name)


@pytest.mark.usefixtures("package")
async def test_the_example_works() -> None:
    packing, quiet = (read_configuration(text.encode(), installed_plugins()) for text in blocks("yaml"))
    assert [profile.name for profile in packing.profiles] == ["default-scheduler", "packing"]
    async with scene(quiet) as on:
        await on.node("n1")
        for number in range(3):
            await pod(on, f"loud-{number}")
        assert await pod(on, "first", quiet=True) == ""
        assert (await on.why("first")).startswith("0/1 nodes are available: 1 node(s) were too busy.")
        assert await pod(on, "another") == "n1"
        await on.delete("another")
        assert await on.home("first") == ""
        await on.delete("loud-0")
        await on.pass_time(10)
        assert await on.home("first") == "n1"
        await on.node("n2")
        assert await pod(on, "second", quiet=True) == "n2"
