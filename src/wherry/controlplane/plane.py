"""A whole control plane in one value.

    plane = ControlPlane(MemoryStore(), SystemClock(), random.SystemRandom())
    await plane.open()
    reply = plane.handle(request)       # from any transport
    client = plane.client()             # or without one
    await plane.close()

`open` returns when the API answers; `start` adds the loops. What differs between a server on a machine, a virtual
cluster and a test is in `Settings`; time, chance and storage come in from outside.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Iterator

from wherry.api.registry import Registry
from wherry.apiserver.access import ROOT
from wherry.apiserver.admission.chain import mutating, validating
from wherry.apiserver.admission.priority import SYSTEM_CLASSES
from wherry.apiserver.api import Api
from wherry.apiserver.api import Settings as ApiSettings
from wherry.apiserver.attributes import User
from wherry.apiserver.authz.bootstrap import restore_policy
from wherry.apiserver.expiry import Expiry
from wherry.apiserver.ids import Ids
from wherry.apiserver.inprocess import InProcessClient
from wherry.apiserver.openapi.paths import openapi_paths
from wherry.controllers import catalog
from wherry.controlplane.access import Doors
from wherry.controlplane.measures import feature_family, queue_families, scheduler_families, store_families
from wherry.controlplane.settings import Settings
from wherry.lib.clock import Clock
from wherry.lib.metrics import Family
from wherry.lib.processmetrics import process_families
from wherry.reconcile.events import Recorder, closing_namespaces
from wherry.reconcile.loop import Loops
from wherry.scheduler.loop import Scheduler
from wherry.store import Store
from wherry.transport.messages import Reply, Request

CONTROLLERS = "kube-controller-manager"
SCHEDULER = "kube-scheduler"
"""The names under which upstream's processes own what they write."""


class ControlPlane:
    """Owns the API, the caches and the loops of one cluster."""

    __slots__ = ("_chance", "_clock", "_expiry", "_loops", "_recorders", "_scheduler", "_settings", "_store", "api")

    def __init__(self, store: Store, clock: Clock, chance: random.Random, settings: Settings | None = None) -> None:
        self._clock = clock
        self._chance = chance
        self._settings = settings or Settings()
        doors = Doors(self._settings)
        registry = Registry()
        self.api = Api(
            ApiSettings(
                store=store,
                clock=clock,
                random=chance,
                registry=registry,
                access=doors.access,
                handlers=doors.handlers,
                mutating=mutating(Ids(chance).suffix),
                validating=validating(clock.time, doors.authorization),
                allocation=self._settings.allocation,
                streams=self._settings.streams,
                paths={**openapi_paths(registry), **doors.paths(), **self._settings.paths},
                objects=lambda: SYSTEM_CLASSES,
                features=self._settings.features,
                gate=self._settings.gate,
                witness=self._settings.witness,
            )
        )
        self._store = store
        self._expiry = Expiry(self.api.core)
        self.api.telemetry.metrics.source(self._measures)
        self._loops: Loops | None = None
        self._scheduler: Scheduler | None = None
        self._recorders: list[Recorder] = []

    async def open(self) -> None:
        """Open the store and be ready to answer."""
        await self.api.open()
        self._expiry.open()
        await restore_policy(self.client(), self.api.core.reader)

    async def start(self) -> None:
        """Let controllers and scheduler work; returns when they have seen all there is."""
        client = self.api.client().named(CONTROLLERS)
        features = self._settings.features
        controllers = catalog.controllers(self._settings.controllers, features)
        recorder = self._recorder(client, "controllers")
        self._loops = Loops(controllers, client, self._clock, self._chance, recorder, client.named, features)
        await self._loops.start()
        binder = client.named(SCHEDULER)
        events = self._recorder(binder, "default-scheduler")
        self._scheduler = Scheduler(binder, self._clock, self._chance, events, self._settings.scheduler, features)
        await self._scheduler.start()

    def handle(self, request: Request) -> Reply | Awaitable[Reply]:
        """Answer a request that came over some transport."""
        return self.api.handle(request)

    def client(self, user: User = ROOT) -> InProcessClient:
        """The API without transport, as `user`."""
        return self.api.client(user)

    async def close(self) -> None:
        """Stop the loops, then the API; what was acknowledged is in the store."""
        if self._scheduler is not None:
            await self._scheduler.close()
        if self._loops is not None:
            await self._loops.stop()
        for recorder in self._recorders:
            await recorder.close()
        self._expiry.close()
        await self.api.close()

    def _measures(self) -> Iterator[Family]:
        yield from process_families()
        yield from store_families(self._store)
        yield feature_family(self._settings.features)
        if self._loops is not None:
            yield from queue_families(self._loops)
        if self._scheduler is not None:
            yield from scheduler_families(self._scheduler)

    def _recorder(self, client: InProcessClient, component: str) -> Recorder:
        recorder = Recorder(client, self._clock, component, is_closing=closing_namespaces(client))
        self._recorders.append(recorder)
        return recorder
