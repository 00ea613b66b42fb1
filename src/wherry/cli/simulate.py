"""`--simulate`, which several commands have."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_simulate_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--simulate", type=_count, default=0, metavar="N", help="run N simulated nodes: their Pods need no containers"
    )


def add_stages_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--stages",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="kwok's Stages by which the simulated nodes' Pods run, instead of at once; can be repeated",
    )


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{number} nodes cannot be simulated")
    return number
