"""`wherry images import`."""

from __future__ import annotations

import argparse
from pathlib import Path

from wherry.cli.state import add_state_option, paths_of
from wherry.lib.failure import Failure

EXAMPLES = """\
  wherry images import app.tar
  docker save app:1 | wherry images import -
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add_state_option(parser)
    parser.add_argument("archives", nargs="+", metavar="ARCHIVE", help="an OCI or Docker archive; - reads one")


def run(options: argparse.Namespace) -> int:
    import sys

    from wherry.roles.images import import_images

    for name in options.archives:
        if name != "-" and not Path(name).is_file():
            raise Failure(f"there is no file {name}", "")
        for image in import_images(paths_of(options), sys.stdin.buffer.read() if name == "-" else Path(name)):
            print(f"imported {image}")
    return 0
