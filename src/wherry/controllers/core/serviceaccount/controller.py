"""Creates the ServiceAccount `default` wherever it is missing."""

from __future__ import annotations

from collections.abc import Iterable

from wherry.api import errors
from wherry.api.core.namespace import NAMESPACES
from wherry.api.core.serviceaccount import SERVICEACCOUNTS
from wherry.api.types.core_v1 import Namespace, ServiceAccount
from wherry.client import Key
from wherry.controllers.podcontrol import is_namespace_terminating
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

NAME = "default"


async def reconcile(key: Key, deps: Deps) -> Result:
    namespace = deps.client.informer(NAMESPACES, Namespace).get(key)
    if namespace is None or namespace.metadata.deletion_timestamp is not None:
        return DONE
    if deps.client.informer(SERVICEACCOUNTS, ServiceAccount).get(Key(key.name, NAME)) is not None:
        return DONE
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": NAME}}
    try:
        await deps.client.create(SERVICEACCOUNTS, account, key.name)
    except errors.AlreadyExists:
        return DONE
    except errors.Forbidden as error:
        if not is_namespace_terminating(error):
            raise
    return DONE


def _of_account(old: ServiceAccount | None, new: ServiceAccount | None, deps: Deps) -> Iterable[Key]:
    if new is None and old is not None and old.metadata.name == NAME:
        yield Key("", old.metadata.namespace)


CONTROLLER = Controller(
    name="serviceaccount-controller",
    reconciles=NAMESPACES,
    view=Namespace,
    reconcile=reconcile,
    reads=(Watch(SERVICEACCOUNTS, ServiceAccount, _of_account),),
    writes=("serviceaccounts",),
    workers=1,
)
