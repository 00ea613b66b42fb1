"""Who a Pod's siblings are when it does not say so itself: those of its Services and of its controller.

Upstream spreads Pods without constraints of their own by a selector that it deduces so (`helper.DefaultSelector`).
"""

from __future__ import annotations

from typing import Any, Protocol

from wherry.api.apps.replicaset import REPLICASETS
from wherry.api.apps.statefulset import STATEFULSETS
from wherry.api.core.replicationcontroller import REPLICATIONCONTROLLERS
from wherry.api.core.service import SERVICES
from wherry.api.types.apps_v1 import ReplicaSet, StatefulSet
from wherry.api.types.core_v1 import ReplicationController, Service
from wherry.client import Client, Informer, Key
from wherry.scheduler.counting.terms import EVERYTHING, Selection, selection
from wherry.scheduler.model import Ask, PodInfo

_KEPT = 4096


class Siblings(Protocol):
    """Who knows siblings."""

    def of(self, pod: PodInfo) -> Selection:
        """What picks them; it picks everything when there is nothing to go by."""
        ...


class ClientSiblings:
    """Siblings by the Services and controllers of a cluster."""

    def __init__(self, client: Client) -> None:
        self._services = client.informer(SERVICES, Service)
        self._owners: dict[str, Informer[Any]] = {
            "ReplicaSet": client.informer(REPLICASETS, ReplicaSet),
            "StatefulSet": client.informer(STATEFULSETS, StatefulSet),
            "ReplicationController": client.informer(REPLICATIONCONTROLLERS, ReplicationController),
        }
        self._served: dict[Ask, Selection] = {}
        """By the Services alone; forgotten when a Service came, went, or selects others."""
        self._owned: dict[tuple[Ask, tuple[str, str] | None], tuple[object, Selection]] = {}
        self._services.add_handler(self._on_service)

    def of(self, pod: PodInfo) -> Selection:
        ask, owner = pod.ask, pod.owner
        selector = self._selector(owner, ask.namespace)
        known = self._owned.get((ask, owner))
        if known is not None and known[0] is selector:
            return known[1]
        found = self._by_services(ask)
        if selector is not None:
            by_owner = selection(selector) if owner and owner[0] != "ReplicationController" else _of_map(selector)
            found = found.and_also(by_owner)
        if len(self._owned) >= _KEPT:
            self._owned.clear()
        self._owned[ask, owner] = (selector, found)
        return found

    def _selector(self, owner: tuple[str, str] | None, namespace: str) -> Any:
        """What the controller selects: a LabelSelector, or a map in the case of a ReplicationController."""
        if owner is None or owner[0] not in self._owners:
            return None
        view = self._owners[owner[0]].get(Key(namespace, owner[1]))
        return view.spec.selector if view is not None else None

    def _by_services(self, ask: Ask) -> Selection:
        found = self._served.get(ask)
        if found is None:
            if len(self._served) >= _KEPT:
                self._served.clear()
            equal: dict[str, str] = {}
            for service in self._services.list(ask.namespace):
                wanted = service.spec.selector
                if wanted and wanted.items() <= ask.labels.items():
                    equal |= wanted
            self._served[ask] = found = EVERYTHING.and_equal(equal)
        return found

    def _on_service(self, old: Service | None, new: Service | None) -> None:
        if old is None or new is None or old.spec.selector != new.spec.selector:
            self._served.clear()
            self._owned.clear()


def _of_map(labels: dict[str, str]) -> Selection:
    return EVERYTHING.and_equal(labels)
