"""`wherry kubeconfig`."""

from __future__ import annotations

import argparse

from wherry.cli.state import add_state_option, paths_of
from wherry.lib.failure import Failure

EXAMPLES = """\
  wherry kubeconfig > admin.kubeconfig
  wherry kubeconfig --path
  wherry kubeconfig --merge     # into $KUBECONFIG or ~/.kube/config, as the context "wherry"
  wherry kubeconfig --remove
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add_state_option(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--path", action="store_true", help="print where the file lies instead of what it says")
    what.add_argument("--merge", action="store_true", help="add the cluster to the user's kubeconfig")
    what.add_argument("--remove", action="store_true", help="take the cluster out of the user's kubeconfig")


def run(options: argparse.Namespace) -> int:
    from wherry.roles.up import CONTEXT, merge_kubeconfig, remove_kubeconfig

    own = paths_of(options).admin_kubeconfig
    if not own.exists():
        raise Failure("there is no cluster in this state folder yet", "start one with `wherry up`")
    if options.path:
        print(own)
    elif options.merge:
        print(f"context {CONTEXT!r} is in {merge_kubeconfig(paths_of(options))}")
    elif options.remove:
        print(f"context {CONTEXT!r} is not in {remove_kubeconfig()} any more")
    else:
        print(own.read_text(), end="")
    return 0
