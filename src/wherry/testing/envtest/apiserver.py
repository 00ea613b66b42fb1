"""Stands where envtest looks for kube-apiserver: takes its flags, and serves a cluster with controllers."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from wherry.api.features import GATES, FeatureError, Features, features, format_gates, parse_gates
from wherry.identity.pair import Pair
from wherry.lib.failure import Failure
from wherry.testing.cluster.nodes import first_state
from wherry.testing.cluster.options import Options
from wherry.testing.cluster.serving import Listen
from wherry.testing.envtest.serving import serve

NODES = "WHERRY_NODES"
"""How many nodes the cluster has: envtest's flags know none."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    options, ignored = parser.parse_known_args(arguments)
    if ignored:
        print(f"of no effect: {' '.join(ignored)}", file=sys.stderr)  # noqa: T201 - a program's own words
    try:
        begin = Options(nodes=first_state(_nodes()), features=read_features(options.feature_gates))
        serve(begin, _listen(options), [], lambda _: None)
    except Failure as failure:
        print(f"error: {failure.message}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kube-apiserver",
        description="Serves a Kubernetes cluster in memory, controllers included, to envtest.",
        epilog=f"{NODES} in the environment says how many simulated nodes there are (default: none).",
    )
    parser.add_argument("--version", action="version", version="Kubernetes v1.37.0+wherry")
    parser.add_argument("--bind-address", default="127.0.0.1")
    parser.add_argument("--secure-port", type=int, default=6443)
    parser.add_argument("--cert-dir", type=Path, default=None, help="holds apiserver.crt and apiserver.key")
    parser.add_argument("--tls-cert-file", type=Path, default=None)
    parser.add_argument("--tls-private-key-file", type=Path, default=None)
    parser.add_argument("--feature-gates", default="", metavar="A=true,B=false")
    parser.add_argument("--client-ca-file", type=Path, default=None)
    return parser


def _listen(options: argparse.Namespace) -> Listen:
    return Listen(options.bind_address, options.secure_port, _pair(options), options.client_ca_file)


def _pair(options: argparse.Namespace) -> Pair | None:
    """The certificate to serve with, if there is one; otherwise one is made."""
    if options.tls_cert_file and options.tls_private_key_file:
        return Pair(options.tls_cert_file, options.tls_private_key_file)
    if options.cert_dir and (options.cert_dir / "apiserver.crt").exists():
        return Pair(options.cert_dir / "apiserver.crt", options.cert_dir / "apiserver.key")
    return None


def read_features(text: str) -> Features:
    """Gates of upstream's that nothing here is behind are of no effect, like other flags."""
    try:
        gates = parse_gates(text)
        known = {name: value for name, value in gates.items() if name in GATES}
        if len(known) < len(gates):
            ignored = {name: value for name, value in gates.items() if name not in known}
            print(f"of no effect: --feature-gates={format_gates(ignored)}", file=sys.stderr)  # noqa: T201
        return features(known)
    except FeatureError as error:
        raise Failure(f"--feature-gates: {error}") from error


def _nodes() -> int:
    text = os.environ.get(NODES, "0")
    if not text.isdigit():
        raise Failure(f"{NODES} is a number, not {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
