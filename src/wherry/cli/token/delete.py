"""`wherry token delete`."""

from __future__ import annotations

import argparse

from wherry.cli.state import add_state_option, paths_of

EXAMPLES = """\
  wherry token delete f0c1a2
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add_state_option(parser)
    parser.add_argument("token", help="its id, as `wherry token list` shows it, or the whole token")


def run(options: argparse.Namespace) -> int:
    from wherry.roles.tokens import delete

    print(f"deleted {delete(paths_of(options), options.token)}")
    return 0
