"""What tests of Wherry, and tests written with Wherry, are made of.

    from wherry.testing import Cluster

    with Cluster() as c:
        c.apply("deploy.yaml")
        c.wait("deployment/web", "Available")

For tests of anything that talks to Kubernetes (docs/testing.md):

- `Cluster`, `AsyncCluster` (`cluster/`): a whole control plane in the test's own process, on a clock that it controls
- `Faults` (`faults.py`): requests that fail, wait or lose their answers, watches that end: when and to whom a test says
- `History` (`history.py`): who wrote what, who was refused what, and when; `shape` (`shape.py`): what two runs have in
  common

For tests of parts of Wherry:

- `ManualClock` (`clock.py`): time that passes when the test says so
- `SettlingLoop` (`eventloop.py`): an event loop that knows when nothing is left to do
- `StoreSuite` (`storesuite.py`): what every back end of `wherry.store` must do
- `ClientSuite` (`clientsuite.py`): what every `wherry.client.Client` must do, in process or over HTTP
- `Objects` (`objects.py`): stored objects without a store, for authorization and admission
- `Neighbours` (`network.py`): two hosts on one link, in network namespaces of this machine

Nothing of this is imported by a running cluster. The first group's names are here, but loaded when somebody wants them:
whoever needs a clock does not pay for a control plane.
"""

from importlib import import_module
from typing import Any

from wherry.lib.collecting import uncollected

_HERE = {
    "AsyncCluster": "wherry.testing.cluster.awaitable",
    "Cluster": "wherry.testing.cluster.sync",
    "Snapshot": "wherry.testing.cluster.options",
    "WaitTimeout": "wherry.testing.cluster.goals",
}
"""As `__init__.pyi` tells type checkers."""


def __getattr__(name: str) -> Any:
    if name not in _HERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with uncollected():
        return getattr(import_module(_HERE[name]), name)
