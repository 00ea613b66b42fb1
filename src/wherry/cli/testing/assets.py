"""`wherry testing assets`."""

from __future__ import annotations

import argparse
from pathlib import Path

EXAMPLES = """\
  wherry testing assets ./bin
  export KUBEBUILDER_ASSETS="$(wherry testing assets ./bin)"; go test ./...
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="where etcd, kube-apiserver and kubectl are to stand")


def run(options: argparse.Namespace) -> int:
    from wherry.lib.failure import Failure
    from wherry.testing.envtest.assets import write_assets

    try:
        print(write_assets(options.folder))
    except OSError as error:
        raise Failure(f"{options.folder} cannot be written: {error.strerror}") from error
    return 0
