"""All that a control plane serves beside its API when it is a cluster under test. See the package's front page."""

from __future__ import annotations

from wherry.testing.cluster.remote.clock import clock_paths
from wherry.testing.cluster.remote.doors import Paths
from wherry.testing.cluster.remote.faults import FaultPaths
from wherry.testing.cluster.remote.hands import Hands
from wherry.testing.cluster.remote.history import history_paths
from wherry.testing.cluster.remote.nodes import node_paths
from wherry.testing.cluster.remote.snapshots import Snapshots


def remote_paths(hands: Hands) -> Paths:
    """Made once for a cluster, whose control planes come and go."""
    return {
        **clock_paths(hands),
        **history_paths(hands),
        **Snapshots(hands).paths(),
        **node_paths(hands),
        **FaultPaths(hands).paths(),
    }
