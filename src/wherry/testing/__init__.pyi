from wherry.testing.cluster.awaitable import AsyncCluster as AsyncCluster
from wherry.testing.cluster.goals import WaitTimeout as WaitTimeout
from wherry.testing.cluster.options import Snapshot as Snapshot
from wherry.testing.cluster.sync import Cluster as Cluster
