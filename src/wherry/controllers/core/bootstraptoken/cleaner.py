"""Deletes bootstrap tokens when their time is over."""

from __future__ import annotations

from wherry.api import errors
from wherry.api.core.secret import SECRETS
from wherry.api.types.core_v1 import Secret
from wherry.client import Key
from wherry.controllers.core.bootstraptoken.plan import NAMESPACE, NEVER, TYPE, expires
from wherry.reconcile.controller import DONE, Controller, Deps, Result


async def reconcile(key: Key, deps: Deps) -> Result:
    secret = deps.client.informer(SECRETS, Secret).get(key) if key.namespace == NAMESPACE else None
    if secret is None or secret.type != TYPE or (moment := expires(secret)) == NEVER:
        return DONE
    if (left := moment - deps.clock.time()) > 0:
        return Result(left)
    try:
        await deps.client.delete(SECRETS, key.name, key.namespace, uid=secret.metadata.uid)
    except errors.NotFound:
        return DONE
    return DONE


CONTROLLER = Controller(
    name="token-cleaner-controller",
    reconciles=SECRETS,
    view=Secret,
    reconcile=reconcile,
    writes=("secrets[bootstrap.kubernetes.io/token] (delete)",),
    workers=1,
    component="token-cleaner",
)
