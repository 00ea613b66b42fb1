"""`--feature-gates`, which several commands have."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from wherry.lib.failure import Failure


def add_features_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--feature-gates",
        action="append",
        default=[],
        metavar="A=true,B=false",
        help="switch features of Kubernetes on or off, as upstream's servers do; can be repeated",
    )


def gates_of(options: argparse.Namespace) -> Mapping[str, bool]:
    """What the option said, the last word counting; raises Failure for what cannot be set."""
    if not options.feature_gates:
        return {}
    from wherry.api.features import FeatureError, features, parse_gates

    try:
        gates = parse_gates(",".join(options.feature_gates))
        features(gates)
    except FeatureError as error:
        raise Failure(f"--feature-gates: {error}", "docs/operations.md lists the gates there are") from error
    return gates
