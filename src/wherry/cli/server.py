"""`wherry server`."""

from __future__ import annotations

import argparse
from pathlib import Path

from wherry.cli.features import add_features_option, gates_of
from wherry.cli.simulate import add_simulate_option, add_stages_option
from wherry.cli.state import add_state_option, paths_of
from wherry.roles.settings import API_PORT, CLUSTER_CIDR, CLUSTER_DOMAIN, SERVICE_CIDR, ServerSettings

EXAMPLES = """\
  wherry server
  wherry server --state ./cluster --port 7443 --bind-address 127.0.0.1
  wherry server --tls-san k8s.example.org
  wherry server --simulate 1000      # with a thousand nodes that need no machines
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add_state_option(parser)
    parser.add_argument("--port", type=int, default=API_PORT, help="where the API is served (default: %(default)s)")
    parser.add_argument("--bind-address", default="0.0.0.0", metavar="ADDRESS", help="default: everywhere")
    parser.add_argument("--advertise-address", default="", metavar="ADDRESS", help="where others reach this server")
    parser.add_argument(
        "--tls-san", action="append", default=[], metavar="NAME", help="one more name or address for the certificate"
    )
    parser.add_argument("--cluster-cidr", default=CLUSTER_CIDR, help="addresses of pods (default: %(default)s)")
    parser.add_argument("--service-cidr", default=SERVICE_CIDR, help="addresses of Services (default: %(default)s)")
    parser.add_argument("--cluster-domain", default=CLUSTER_DOMAIN, help="domain of Services (default: %(default)s)")
    parser.add_argument("--node-name", default="", metavar="NAME", help="the node on this machine (default: its name)")
    parser.add_argument(
        "--scheduler-config", type=Path, metavar="FILE", help="a KubeSchedulerConfiguration (default: upstream's)"
    )
    add_features_option(parser)
    add_simulate_option(parser)
    add_stages_option(parser)
    parser.add_argument("-v", "--verbose", action="store_true", help="log what is done, not only what goes wrong")


def run(options: argparse.Namespace) -> int:
    from wherry.roles.running import collect_seldom, run_role

    collect_seldom()  # Before hundreds of modules come, over all of which it would walk again and again.
    from wherry.roles import server

    settings = ServerSettings(
        paths=paths_of(options),
        port=options.port,
        bind_address=options.bind_address,
        advertise_address=options.advertise_address,
        tls_names=tuple(options.tls_san),
        cluster_cidr=options.cluster_cidr,
        service_cidr=options.service_cidr,
        cluster_domain=options.cluster_domain,
        node_name=options.node_name,
        simulate=options.simulate,
        feature_gates=gates_of(options),
        stages=tuple(options.stages),
        scheduler_config=options.scheduler_config,
    )
    return run_role(lambda stop: server.run(settings, stop), options.verbose)
