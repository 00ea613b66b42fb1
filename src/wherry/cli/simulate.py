"""`--simulate`, which several commands have."""

from __future__ import annotations

import argparse


def add_simulate_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--simulate", type=_count, default=0, metavar="N", help="run N simulated nodes: their Pods need no containers"
    )


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{number} nodes cannot be simulated")
    return number
