"""`wherry down`."""

from __future__ import annotations

import argparse

from wherry.cli.state import add_state_option, paths_of

EXAMPLES = """\
  wherry down
  wherry down --delete-state    # begin anew next time
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add_state_option(parser)
    parser.add_argument("--delete-state", action="store_true", help="also delete all objects, images and keys")


def run(options: argparse.Namespace) -> int:
    from wherry.roles.up import delete_state, down

    paths = paths_of(options)
    ran = down(paths)
    print("stopped" if ran else "nothing was running")
    if options.delete_state:
        delete_state(paths)
        print(f"deleted {paths.state}")
    return 0
