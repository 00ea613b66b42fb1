"""`wherry images example`."""

from __future__ import annotations

import argparse

from wherry.cli.state import add_state_option, paths_of

EXAMPLES = """\
  wherry images example
  kubectl run hello --image=wherry.local/hello:1 -- sleep 3600
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add_state_option(parser)


def run(options: argparse.Namespace) -> int:
    from wherry.roles.example_image import EXAMPLE_IMAGE, example_image
    from wherry.roles.images import import_images

    import_images(paths_of(options), example_image())
    print(f"imported {EXAMPLE_IMAGE}, made of this machine's busybox")
    return 0
