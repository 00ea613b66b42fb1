"""Tables line up; JSON and YAML carry everything."""

from __future__ import annotations

import json

import pytest
import yaml

from wherry.cli.output import format_table, show

ROWS = [{"name": "a", "size": 1, "hidden": True}, {"name": "longer", "size": 20, "hidden": False}]


def test_table_lines_up() -> None:
    assert format_table([["a", "1"], ["longer", "20"]], ["name", "long_size"]) == (
        "NAME     LONG SIZE\na        1\nlonger   20\n"
    )


@pytest.mark.parametrize(("output", "parse"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_programs_get_everything(output: str, parse: object, capsys: pytest.CaptureFixture[str]) -> None:
    show(ROWS, ("name",), output)
    assert callable(parse)
    assert parse(capsys.readouterr().out) == ROWS
