"""`wherry token list`."""

from __future__ import annotations

import argparse

from wherry.cli.output import add_output_option, show
from wherry.cli.state import add_state_option, paths_of

EXAMPLES = """\
  wherry token list
  wherry token list -o json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add_state_option(parser)
    add_output_option(parser)


def run(options: argparse.Namespace) -> int:
    from wherry.roles.tokens import COLUMNS, list_tokens

    show(list_tokens(paths_of(options)), COLUMNS, options.output)
    return 0
