"""Who may do what: the doors that a control plane puts in front of its verbs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from wherry.apiserver.attributes import AUTHENTICATED, MASTERS, Attributes, Authorizer, Decision, User
from wherry.apiserver.core import Core
from wherry.transport.messages import Request

Demand = Callable[[Attributes], None]
"""Raises Forbidden unless the action is allowed."""
Authenticate = Callable[[Request], User]
Impersonate = Callable[[Mapping[str, str], User, Demand], User]


class Access(Struct, frozen=True):
    """Authentication (raises Unauthorized), impersonation and authorization of one control plane."""

    authenticate: Authenticate
    authorizer: Authorizer
    impersonate: Impersonate | None = None


ROOT = User("system:admin", (MASTERS, AUTHENTICATED))
"""Whom everyone is taken for where there are no doors: in tests and behind a trusted front."""


class AllowAll:
    """An `Authorizer` without rules."""

    __slots__ = ()

    def authorize(self, attributes: Attributes) -> Decision:
        return Decision(True)


def open_access(_: Core) -> Access:
    """No doors at all."""
    return Access(lambda _: ROOT, AllowAll())
