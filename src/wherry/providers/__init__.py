"""Ways to make Pods real somewhere: a provider is six methods, and everything else about a node is done for it.

- `Provider`: create, update and delete a Pod; tell of one, of its status, and of all; the shape of virtual-kubelet's
- `Notifying`: what a provider has that learns of changes by itself
- `Hosts`: which nodes are a provider's, and whether the cluster hears of them
- `PodDriver` (`driving.py`): hears of the Pods bound to a provider's nodes, calls the six methods, reports statuses
- `Heartbeats` (`heartbeats.py`): Node objects and their Leases, by the thousand
- `simulated/`: Pods that run on a clock by rules, without containers

Read `driving.py` first. The kubelet in `kubelet/` is not a provider: it owns a machine. But what is true of a Pod
wherever it runs (its phase, its conditions, which container comes next) is decided by the kubelet's pure modules here
too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from wherry.api import Obj
from wherry.api.types.core_v1 import Pod
from wherry.client import Key


class Refused(Exception):
    """A provider cannot run a Pod, and trying again would not help; the message is for the Pod's status."""


class Busy(Exception):
    """A provider cannot do it now; it will be asked again."""


class Provider(Protocol):
    """Realises Pods. Each method may be called again for what it has done already."""

    async def create_pod(self, pod: Pod) -> None:
        """Begin to run a Pod that is new here, or go on with one whose status says that it has begun."""
        ...

    async def update_pod(self, pod: Pod) -> None:
        """Hear of a Pod's new state in the API: another image, other labels, more or less time to end."""
        ...

    async def delete_pod(self, pod: Pod) -> None:
        """Begin to end a Pod within its grace (it has a deletion timestamp), or drop it (the API has it no more)."""
        ...

    async def get_pod(self, namespace: str, name: str) -> Pod | None:
        """The Pod as it was last handed over; None when nothing is known of it."""
        ...

    async def get_pod_status(self, namespace: str, name: str) -> Obj | None:
        """The whole status as it is now; None when nothing is known of the Pod."""
        ...

    async def list_pods(self) -> Sequence[Pod]:
        """All Pods that are known here."""
        ...


@runtime_checkable
class Notifying(Protocol):
    """What a provider has beside the six when it need not be asked again and again."""

    def notify(self, changed: Callable[[Key], None]) -> None:
        """Call `changed` whenever the status of a Pod may have become another."""
        ...


class Hosts(Protocol):
    """The nodes of a provider."""

    def is_ours(self, node: str) -> bool: ...

    def is_heard(self, node: str) -> bool:
        """Whether a node and the API reach each other; otherwise nothing is done for its Pods."""
        ...
