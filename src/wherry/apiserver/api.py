"""The API server of one control plane as a value: `Api(settings)`, `open`, `handle`, `client`, `close`.

Nothing is global and nothing runs while nothing is asked: an idle `Api` is a store, an empty watch cache and a few
small objects, so that a process can hold hundreds.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterable, Mapping

from msgspec import Struct, field

from wherry.api import Obj
from wherry.api.errors import ServiceUnavailable
from wherry.api.features import DEFAULTS, Features
from wherry.api.registry import Registry
from wherry.api.withholding import Withheld
from wherry.apiserver.access import ROOT, Access, open_access
from wherry.apiserver.allocation import AllocationSettings
from wherry.apiserver.allocation.cidrs import default_object
from wherry.apiserver.allocation.services import ServiceAllocator
from wherry.apiserver.attributes import Plugin, User
from wherry.apiserver.bootstrap import NAMESPACES, bootstrap
from wherry.apiserver.chain import Chain
from wherry.apiserver.core import CacheReader, Core
from wherry.apiserver.exchange import Answer
from wherry.apiserver.extensions.definitions import Definitions
from wherry.apiserver.extensions.webhook import converters
from wherry.apiserver.gate import Gate, Witness
from wherry.apiserver.gatedclient import GatedClient
from wherry.apiserver.health import Check
from wherry.apiserver.ids import Ids
from wherry.apiserver.inprocess import InProcessClient
from wherry.apiserver.paths import Paths
from wherry.apiserver.quota.ledger import Ledger
from wherry.apiserver.respond import error_reply
from wherry.apiserver.routes import Router
from wherry.apiserver.subresources import Handlers, Streams
from wherry.apiserver.telemetry import Telemetry
from wherry.apiserver.webhooks import Webhooks
from wherry.lib.clock import Clock
from wherry.lib.depth import allow_depth
from wherry.lib.systemclock import SystemClock
from wherry.store import Store
from wherry.transport.messages import Reply, Request
from wherry.watchcache.cache import WatchCache

NO_PLUGINS: tuple[Plugin, ...] = ()


class Settings(Struct, frozen=True, kw_only=True):
    """What one API server is made of. Only the store is needed; the rest is what tests and toys want."""

    store: Store
    clock: Clock = field(default_factory=SystemClock)
    random: random.Random = field(default_factory=random.SystemRandom)
    registry: Registry = field(default_factory=Registry)
    access: Callable[[Core], Access] = open_access
    """Makes the doors, which read what the core keeps."""
    mutating: tuple[Plugin, ...] = NO_PLUGINS
    validating: tuple[Plugin, ...] = NO_PLUGINS
    allocation: AllocationSettings = field(default_factory=AllocationSettings)
    handlers: Callable[[Core], Handlers] | None = None
    """Further handlers of subresources and of kinds that are not stored: tokens, reviews."""
    streams: Streams = field(default_factory=dict)
    """Further subresources that are answered with streams: log, exec, attach, portforward, proxy."""
    paths: Mapping[str, Callable[[Request, User], Answer]] = field(default_factory=dict)
    """Further plain paths (or, with a final slash, whole trees of them): OpenAPI, JWKS."""
    checks: tuple[Check, ...] = ()
    objects: Callable[[], Iterable[Obj]] | None = None
    """What else has to exist from the start: RBAC's default roles."""
    features: Features = DEFAULTS
    gate: Gate | None = None
    """What tests put before every verb."""
    witness: Witness | None = None
    """Hears of every write, and of everything that is refused."""


class Api:
    """The API server of one control plane."""

    __slots__ = ("_chain", "_clients", "_ledger", "_settings", "_webhooks", "core", "telemetry")

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        cache = WatchCache(settings.store, settings.clock)
        reader = CacheReader(cache)
        self._ledger = Ledger(reader, settings.registry, settings.clock)
        self.core = Core(
            store=settings.store,
            cache=cache,
            clock=settings.clock,
            ids=Ids(settings.random),
            registry=settings.registry,
            reader=reader,
            mutating=settings.mutating,
            validating=settings.validating,
            allocators=ServiceAllocator(settings.allocation, reader, settings.random).allocators(),
            gate=settings.gate,
            witness=settings.witness,
            quotas=self._ledger,
            features=settings.features,
            withheld=Withheld(settings.features),
        )
        self.telemetry = Telemetry(settings.registry, cache)
        self._webhooks = Webhooks(reader, settings.clock)
        self._clients: dict[User, InProcessClient] = {}
        self._chain: Chain | None = None

    async def open(self) -> None:
        """Open the store, see to what must exist, and be ready to answer."""
        allow_depth()  # From the first on, objects are refused at one depth, whatever was met before.
        core, settings = self.core, self._settings
        await core.cache.open()
        self._ledger.open()
        Definitions(core, converters(self._webhooks, core.ids.uid)).open()
        handlers = settings.handlers(core) if settings.handlers is not None else {}
        router = Router(handlers, settings.streams)
        paths = Paths(core, self.telemetry, settings.checks, settings.paths)
        self._chain = Chain(core, settings.access(core), router.serve, paths.find, self.telemetry)
        own = settings.objects() if settings.objects is not None else ()
        objects = [*NAMESPACES, default_object(settings.allocation.cidrs), *own]
        await bootstrap(core, objects)

    def handle(self, request: Request) -> Reply | Awaitable[Reply]:
        """Answer a request: at once where nothing has to be waited for."""
        if self._chain is None:
            return error_reply(ServiceUnavailable("the API is not open"))
        return self._chain.handle(request)

    def client(self, user: User = ROOT) -> InProcessClient:
        """A client in this process that acts as `user`; no doors stand before it. One per user, with its informers."""
        client = self._clients.get(user)
        if client is None:
            handlers = self._settings.handlers(self.core) if self._settings.handlers is not None else {}
            make = InProcessClient if self.core.gate is None and self.core.witness is None else GatedClient
            client = self._clients[user] = make(self.core, user, handlers)
        return client

    async def close(self) -> None:
        """Finish writes that were ordered, end all watches, and let go of the store."""
        self._chain = None
        for client in self._clients.values():
            client.close()
        await self.core.tasks.close()
        await self._webhooks.close()
        await self.core.cache.close()
