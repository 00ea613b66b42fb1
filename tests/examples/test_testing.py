"""What docs/testing.md shows is a suite of its own, run as its reader would."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import textwrap
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


def test_the_guides_manifests_are_those_of_the_examples() -> None:
    guide = (ROOT / "docs/testing.md").read_text()
    shown = [textwrap.dedent(each) for each in re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)]
    assert len(shown) == 1
    assert (EXAMPLES / "web.yaml").read_text().startswith(shown[0].rstrip() + "\n")


def test_the_guides_python_can_be_read() -> None:
    guide = (ROOT / "docs/testing.md").read_text()
    shown = [textwrap.dedent(each) for each in re.findall(r"```python\n(.*?)```", guide, re.DOTALL)]
    assert len(shown) > 8
    for text in shown:
        ast.parse(text)


def test_the_guide_names_every_example() -> None:
    guide = (ROOT / "docs/testing.md").read_text()
    assert [
        path.name
        for path in sorted(EXAMPLES.iterdir())
        if path.suffix != ".ini" and path.is_file() and path.name not in guide
    ] == []
