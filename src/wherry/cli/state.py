"""The option that says which cluster of this machine is meant."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from wherry.roles.paths import Paths


def add_state_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--state",
        type=Path,
        metavar="FOLDER",
        help="where the cluster is kept (default: $WHERRY_STATE, else /var/lib/wherry or the user's data folder)",
    )


def paths_of(options: argparse.Namespace) -> Paths:
    chosen = options.state or os.environ.get("WHERRY_STATE")
    return Paths(Path(chosen).absolute()) if chosen else Paths.default()
