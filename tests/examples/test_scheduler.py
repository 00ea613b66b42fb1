"""The plugin in examples/scheduler, enabled by the file beside it."""

from __future__ import annotations

import importlib
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from wherry.scheduler.config.reading import read_configuration
from wherry.scheduler.tests.scene import Scene, scene

EXAMPLES = Path(__file__).parents[2] / "examples/scheduler"


@pytest.fixture
async def on(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    plugins = {"Gang": importlib.import_module("gang").make}
    async with scene(read_configuration((EXAMPLES / "gang.yaml").read_bytes(), plugins)) as made:
        yield made


async def member(on: Scene, name: str, gang: str, size: int, cpu: str = "1") -> None:
    await on.pod(name, cpu, labels={"gang.example.com/name": gang, "gang.example.com/size": str(size)})


async def test_a_gang_starts_when_its_last_member_has_a_node(on: Scene) -> None:
    await on.node("n1", cpu="4")
    await member(on, "a1", "a", 2)
    await on.pod("loner")
    assert await on.homes() == {"a1": "", "loner": "n1"}
    assert (await on.get("a1"))["status"]["nominatedNodeName"] == "n1"
    await member(on, "a2", "a", 2)
    assert await on.homes() == {"a1": "n1", "a2": "n1", "loner": "n1"}


async def test_half_a_gang_gives_its_room_back(on: Scene) -> None:
    await on.node("n1", cpu="3")
    for name in ("a1", "a2", "a3", "a4"):
        await member(on, name, "a", 4)
    await on.pod("loner", "1")
    assert set((await on.homes()).values()) == {""}
    await on.pass_time(21)
    timeout = "0/1 nodes are available: 1 rejected due to timeout after waiting 20s at plugin Gang."
    assert ("FailedScheduling", timeout) in await on.events("a1")
    broken = "0/1 nodes are available: 1 gang a was broken up."
    assert ("FailedScheduling", broken) in await on.events("a2")
    await on.pass_time(2)
    assert await on.home("loner") == "n1"
    await on.node("n2", cpu="2")
    await on.pass_time(15)
    homes = await on.homes()
    assert sorted(homes.values()) == ["n1", "n1", "n1", "n2", "n2"]


async def test_two_gangs_do_not_lock_each_other_out(on: Scene) -> None:
    for name in ("a1", "b1", "b2", "a2"):
        await member(on, name, name[0], 2)
    await on.node("n1", cpu="2")
    homes = await on.homes()
    assert {name for name, home in homes.items() if home} == {"a1", "a2"}


async def test_a_size_that_is_none(on: Scene) -> None:
    await on.node("n1")
    await on.pod("web", labels={"gang.example.com/name": "a"})
    assert (await on.why("web")).startswith("0/1 nodes are available: label gang.example.com/size is not a number.")


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_comes_gangs_run_whole_or_not_at_all(on: Scene, seed: int) -> None:
    chance = random.Random(seed)
    sizes = {name: chance.randint(1, 4) for name in "abcde"}
    members = [(f"{name}{number}", name) for name, size in sizes.items() for number in range(size)]
    chance.shuffle(members)
    for number in range(3):
        await on.node(f"n{number}", cpu=str(chance.randint(1, 4)))
    for step in range(60):
        if members and chance.random() < 0.6:
            name, gang = members.pop()
            await member(on, name, gang, sizes[gang])
        await on.pass_time(chance.choice([0.1, 1.0, 7.0, 25.0]))
        if step == 45:
            await on.node("last", cpu="16")
        homes = await on.homes()
        for gang, size in sizes.items():
            bound = sum(bool(home) for name, home in homes.items() if name.startswith(gang))
            assert bound in (0, size), (step, homes)
    await on.pass_time(400)
    assert not members
    assert all((await on.homes()).values())
