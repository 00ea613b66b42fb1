"""`wherry token create`."""

from __future__ import annotations

import argparse

from wherry.cli.state import add_state_option, paths_of

EXAMPLES = """\
  wherry token create
  wherry token create --hours 2 --description "the machine in the attic"
  ssh other wherry agent --join "$(wherry token create)"
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add_state_option(parser)
    parser.add_argument("--hours", type=float, default=24, help="how long it is good; 0 is for ever (default: 24)")
    parser.add_argument("--description", default="", help="a note for `wherry token list`")
    parser.add_argument("--server", default="", metavar="URL", help="how the other machine reaches this server")


def run(options: argparse.Namespace) -> int:
    from wherry.roles.tokens import create

    print(create(paths_of(options), options.hours, options.description, options.server))
    return 0
