"""The list of authorizers: the first that allows has decided, and reasons for not allowing are gathered."""

from __future__ import annotations

from wherry.apiserver.attributes import MASTERS, Attributes, Authorizer, Decision, Reader
from wherry.apiserver.authz.node import NodeAuthorizer
from wherry.apiserver.authz.rbac import Rbac

_MASTERS_ALLOWED = Decision(True)


class Authorization:
    """Superusers, then nodes, then roles."""

    __slots__ = ("_authorizers", "node", "rbac")

    def __init__(self, reader: Reader) -> None:
        self.rbac = Rbac(reader)
        self.node = NodeAuthorizer(reader)
        self._authorizers: tuple[Authorizer, ...] = (self.node, self.rbac)

    def authorize(self, attributes: Attributes) -> Decision:
        if MASTERS in attributes.user.groups:
            return _MASTERS_ALLOWED
        reasons = []
        for authorizer in self._authorizers:
            decision = authorizer.authorize(attributes)
            if decision.allowed:
                return decision
            if decision.reason:
                reasons.append(decision.reason)
        return Decision(False, "\n".join(reasons))
