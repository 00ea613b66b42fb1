"""What docs/testing.md shows is a suite of its own, run as its reader would."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples/testing"


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "example", sorted(EXAMPLES.glob("test_*.py")), ids=lambda path: path.stem.removeprefix("test_")
)
def test_example(example: Path) -> None:
    environment = {**os.environ, "PATH": f"{ROOT / '.venv/clients'}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("KUBECONFIG", None)
    # looptime, which others' suites need, leaves an event loop open for every test that has none of its own.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:looptime_plugin", example.name]
    done = subprocess.run(command, cwd=EXAMPLES, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_guide_names_every_example() -> None:
    guide = (ROOT / "docs/testing.md").read_text()
    assert [
        path.name
        for path in sorted(EXAMPLES.iterdir())
        if path.suffix != ".ini" and path.is_file() and path.name not in guide
    ] == []
