"""Every command explains itself, and a failure is one sentence with a hint."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from wherry.cli.main import COMMANDS, Command, build_parser, main


def _leaf(path: tuple[str, ...]) -> argparse.ArgumentParser:
    parser = build_parser(path)
    for word in path:
        branches = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
        parser = branches.choices[word]
    return parser


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command.path))
def test_each_command_has_help_for_all_options_and_examples(command: Command) -> None:
    parser = _leaf(command.path)
    assert f"wherry {' '.join(command.path)}" in (parser.epilog or "")
    assert [action for action in parser._actions if not action.help] == []


def test_no_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "wherry up" in capsys.readouterr().out


def test_a_failure_is_one_sentence_and_a_hint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kubeconfig", "--state", str(tmp_path)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("error: ")
    assert lines[1] == "hint:  start one with `wherry up`"


def test_help_imports_no_role() -> None:
    code = (
        "import sys; from wherry.cli.main import build_parser; build_parser(['up']); "
        "print(sorted(name for name in sys.modules if name.startswith(('uvloop', 'grpc', 'wherry.apiserver'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
