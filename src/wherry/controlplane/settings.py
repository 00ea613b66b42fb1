"""What differs between the control plane of a machine, of a virtual cluster and of a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import field

from wherry.api.features import DEFAULTS, Features
from wherry.apiserver.allocation import AllocationSettings
from wherry.apiserver.attributes import User
from wherry.apiserver.exchange import Answer
from wherry.apiserver.gate import Gate, Witness
from wherry.apiserver.subresources import Streams
from wherry.controllers import catalog
from wherry.identity.keys import TokenKeys, fresh_key
from wherry.lib.discreet import Discreet
from wherry.scheduler.configuration import Configuration
from wherry.transport.messages import Request


def _no_authority() -> str:
    return ""


def _fresh_keys() -> TokenKeys:
    return TokenKeys(fresh_key)


class Settings(Discreet, frozen=True, kw_only=True):
    """The defaults suit a cluster in memory that is reached in process."""

    UNSHOWN = frozenset({"static_tokens"})

    features: Features = DEFAULTS
    controllers: catalog.Settings = field(default_factory=lambda: catalog.Settings(root_ca=_no_authority))
    scheduler: Configuration = field(default_factory=Configuration)
    token_keys: TokenKeys = field(default_factory=_fresh_keys)
    issuer: str = "https://kubernetes.default.svc.cluster.local"
    """Who service-account tokens say that they are from, and for whom they are unless asked otherwise."""
    static_tokens: Mapping[str, User] = field(default_factory=dict)
    """Bearer tokens that are always good: for clusters in memory."""
    allocation: AllocationSettings = field(default_factory=AllocationSettings)
    streams: Streams = field(default_factory=dict)
    """How log, exec, attach, port-forward and proxy reach a node; none where there are no real ones."""
    paths: Mapping[str, Callable[[Request, User], Answer]] = field(default_factory=dict)
    """Further plain paths: what a test may do to its cluster over HTTP."""
    gate: Gate | None = None
    """What tests put before every verb, whoever asks."""
    witness: Witness | None = None
    """Hears of every write, for tests that want to know who wrote what."""
