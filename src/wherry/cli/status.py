"""`wherry status`."""

from __future__ import annotations

import argparse

from wherry.cli.output import add_output_option, show
from wherry.cli.state import add_state_option, paths_of

EXAMPLES = """\
  wherry status
  wherry status -o json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add_state_option(parser)
    add_output_option(parser)


def run(options: argparse.Namespace) -> int:
    from wherry.roles.status import COLUMNS, status

    parts = status(paths_of(options))
    show([part.row() for part in parts], COLUMNS, options.output)
    return 0 if all(part.state in ("Running", "Ready") for part in parts) else 1
