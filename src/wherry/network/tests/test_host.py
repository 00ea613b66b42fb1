"""Running the network's programs."""

from __future__ import annotations

import sys

import pytest

from wherry.network.host import CommandLine, HostFailure, ask


async def test_what_a_program_prints_and_reads() -> None:
    program = "import sys; print(sys.stdin.read().upper(), end='')"
    assert await CommandLine().run(sys.executable, "-c", program, script="a script") == "A SCRIPT"
    assert await ask(CommandLine(), sys.executable, "-c", 'print(\'[{"dst": "10.0.0.0/8"}]\')') == [
        {"dst": "10.0.0.0/8"}
    ]
    assert await ask(CommandLine(), sys.executable, "-c", "pass") == []


async def test_a_program_that_does_not_read_its_script_is_no_trouble() -> None:
    assert await CommandLine().run(sys.executable, "-c", "pass", script="x" * 1_000_000) == ""


async def test_failures_say_what_was_run() -> None:
    with pytest.raises(HostFailure, match=r"-c import sys; sys\.exit\('no such device'\): no such device$"):
        await CommandLine().run(sys.executable, "-c", "import sys; sys.exit('no such device')")
    with pytest.raises(HostFailure, match=r"^no-such-program is not installed$"):
        await CommandLine().run("no-such-program")
