"""`wherry version`."""

from __future__ import annotations

import argparse
import json

from wherry import __version__

EXAMPLES = """\
  wherry version
  wherry version -o json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", choices=("text", "json", "yaml"), default="text", help="how to print it")


def run(options: argparse.Namespace) -> int:
    from wherry.version import KUBERNETES_VERSION

    facts = {"wherry": __version__, "kubernetes": KUBERNETES_VERSION}
    if options.output == "json":
        print(json.dumps(facts))
    else:
        for name, version in facts.items():
            print(f"{name}: {version}")
    return 0
