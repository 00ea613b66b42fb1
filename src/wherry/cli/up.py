"""`wherry up`."""

from __future__ import annotations

import argparse

from wherry.cli.features import add_features_option, gates_of
from wherry.cli.simulate import add_simulate_option
from wherry.cli.state import add_state_option, paths_of
from wherry.roles.settings import API_PORT, KUBELET_PORT

EXAMPLES = """\
  wherry up
  wherry up --port 7443 --node-name pi
  wherry up --no-node           # a control plane alone: no root needed
  wherry up --simulate 10       # with ten nodes that need no containers: no root needed
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add_state_option(parser)
    parser.add_argument("--port", type=int, default=API_PORT, help="of the API server (default: %(default)s)")
    parser.add_argument(
        "--bind-address",
        default="0.0.0.0",
        metavar="ADDRESS",
        help="where the API server listens (default: everywhere)",
    )
    parser.add_argument("--kubelet-port", type=int, default=KUBELET_PORT, help="of the node (default: %(default)s)")
    parser.add_argument("--node-name", default="", metavar="NAME", help="default: this machine's name")
    parser.add_argument("--no-node", action="store_true", help="start the control plane alone")
    add_simulate_option(parser)
    add_features_option(parser)
    parser.add_argument("--no-kubeconfig", action="store_true", help="leave the user's kubeconfig as it is")
    parser.add_argument("--timeout", type=float, default=120, metavar="SECONDS", help="how long to wait")


def run(options: argparse.Namespace) -> int:
    from wherry.roles.up import UpSettings, up

    settings = UpSettings(
        paths=paths_of(options),
        port=options.port,
        bind_address=options.bind_address,
        kubelet_port=options.kubelet_port,
        node_name=options.node_name,
        with_node=not (options.no_node or options.simulate),
        simulate=options.simulate,
        feature_gates=gates_of(options),
        merge_kubeconfig=not options.no_kubeconfig,
        patience_seconds=options.timeout,
    )
    print("starting the cluster …", flush=True)
    up(settings, lambda what, seconds: print(f"  {seconds:5.1f} s  {what}", flush=True))
    if options.no_kubeconfig:
        print(f"\nYour cluster is up. Next:\n  export KUBECONFIG={settings.paths.admin_kubeconfig}")
    else:
        print("\nYour cluster is up. Next:")
    print("  kubectl get nodes -o wide\n  wherry status\n  wherry down")
    return 0
