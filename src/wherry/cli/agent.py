"""`wherry agent`."""

from __future__ import annotations

import argparse

from wherry.cli.state import add_state_option, paths_of
from wherry.roles.settings import KUBELET_PORT

EXAMPLES = """\
  wherry agent                              # the node beside `wherry server` on this machine
  wherry agent --join wherry-join.eyJzZXJ2  # joins the cluster that made the token with `wherry token create`
  wherry agent --node-ip 10.0.0.7           # a node that has joined needs no token any more
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add_state_option(parser)
    parser.add_argument("--join", default="", metavar="TOKEN", help="join the cluster that this token is of")
    parser.add_argument("--node-name", default="", metavar="NAME", help="default: this machine's name")
    parser.add_argument("--node-ip", default="", metavar="ADDRESS", help="default: the default route's")
    parser.add_argument("--kubelet-port", type=int, default=KUBELET_PORT, help="default: %(default)s")
    parser.add_argument(
        "--cgroup-parent",
        default="/kubepods",
        metavar="PATH",
        help="the control group of all pods; two nodes on one kernel need two (default: %(default)s)",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="log what is done, not only what goes wrong")


def run(options: argparse.Namespace) -> int:
    from wherry.roles import agent
    from wherry.roles.running import run_role

    settings = agent.settings(
        paths_of(options),
        node_name=options.node_name,
        node_address=options.node_ip,
        kubelet_port=options.kubelet_port,
        join=options.join,
        cgroup_parent=options.cgroup_parent,
    )
    return run_role(lambda stop: agent.run(settings, stop), options.verbose)
