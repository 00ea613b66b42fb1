"""`componentstatuses`: the deprecated view of the control plane's health, for those who still look at it.

Scheduler, controllers and store live in the process that answers; who gets an answer has found them well.
"""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.core.componentstatus import COMPONENTSTATUSES
from wherry.api.errors import NotFound
from wherry.apiserver.core import Call, Core, Outcome
from wherry.apiserver.encode import encode, encode_any
from wherry.apiserver.subresources import Target

_DEPRECATED = "v1 ComponentStatus is deprecated in v1.19+"
_NAMES = ("controller-manager", "etcd-0", "scheduler")


async def get(core: Core, call: Call, target: Target, _: Obj | None) -> Outcome:
    """One component."""
    call.warn(_DEPRECATED)
    if target.name not in _NAMES:
        raise NotFound.of(COMPONENTSTATUSES, target.name)
    status = _status(target.name)
    return Outcome(encode(status), status)


async def list_all(core: Core, call: Call, target: Target, _: Obj | None) -> Outcome:
    """All components."""
    call.warn(_DEPRECATED)
    listed: Obj = {
        "kind": COMPONENTSTATUSES.list_kind,
        "apiVersion": "v1",
        "metadata": {"resourceVersion": str(core.cache.revision)},
        "items": [_status(name) for name in _NAMES],
    }
    return Outcome(encode_any(listed), listed)


def _status(name: str) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": COMPONENTSTATUSES.kind,
        "metadata": {"name": name, "creationTimestamp": None},
        "conditions": [{"type": "Healthy", "status": "True", "message": "ok"}],
    }
