"""Answers as a table for people, or as JSON or YAML for programs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

FORMATS = ("table", "json", "yaml")


def add_output_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", choices=FORMATS, default="table", help="how to print the answer")


def show(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], output: str) -> None:
    """Print rows; `columns` name the keys that a table shows, in order."""
    if output == "json":
        print(json.dumps(list(rows), indent=2))
    elif output == "yaml":
        import yaml

        yaml.safe_dump(list(rows), sys.stdout, sort_keys=False)
    else:
        print(format_table([[str(row.get(column, "")) for column in columns] for row in rows], columns), end="")


def format_table(rows: Sequence[Sequence[str]], columns: Sequence[str]) -> str:
    """Columns as wide as their widest cell, headings in capitals, as kubectl prints them."""
    whole = [[column.upper().replace("_", " ") for column in columns], *rows]
    widths = [max(len(row[index]) for row in whole) for index in range(len(columns))]
    lines = ["   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in whole]
    return "\n".join(lines) + "\n"
