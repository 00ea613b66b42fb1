"""`wherry logs`."""

from __future__ import annotations

import argparse
import os

from wherry.cli.state import add_state_option, paths_of
from wherry.lib.failure import Failure

EXAMPLES = """\
  wherry logs server
  wherry logs agent -f
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add_state_option(parser)
    parser.add_argument("part", choices=("server", "agent", "containerd", "supervisor"), help="whose log")
    parser.add_argument("-f", "--follow", action="store_true", help="go on printing what is added")
    parser.add_argument("-n", "--lines", type=int, default=100, help="how many lines from the end (default: 100)")


def run(options: argparse.Namespace) -> int:
    log = paths_of(options).log(options.part)
    if not log.exists():
        raise Failure(f"there is no log of the {options.part} yet", "start the cluster with `wherry up`")
    follow = ["-F"] if options.follow else []
    os.execvp("tail", ["tail", "-n", str(options.lines), *follow, str(log)])  # noqa: S606
