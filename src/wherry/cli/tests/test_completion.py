"""The scripts know all commands, and the shell accepts what we print."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from wherry.cli.main import COMMANDS, main


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_names_every_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert [command.path for command in COMMANDS if command.path[-1] not in script] == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("words", "expected"),
    [(["wherry", "ima"], "images"), (["wherry", "images", "li"], "list"), (["wherry", "up", "--no-n"], "--no-node")],
    ids=["command", "subcommand", "option"],
)
def test_bash_completes(words: list[str], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["completion", "bash"])
    script = capsys.readouterr().out
    line = " ".join(words)
    driver = f'COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _wherry; echo "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", script + driver], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [expected]
