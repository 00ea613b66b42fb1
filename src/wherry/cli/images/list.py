"""`wherry images list`."""

from __future__ import annotations

import argparse

from wherry.cli.output import add_output_option, show
from wherry.cli.state import add_state_option, paths_of

EXAMPLES = """\
  wherry images list
  wherry images list -o json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add_state_option(parser)
    add_output_option(parser)


def run(options: argparse.Namespace) -> int:
    from wherry.roles.images import list_images

    show(list_images(paths_of(options)), ("name", "digest", "size"), options.output)
    return 0
