"""All controllers of a control plane, in one visible list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wherry.controllers.apps.deployment import controller as deployment
from wherry.controllers.apps.replicaset import controller as replicaset
from wherry.controllers.batch.job import controller as job
from wherry.controllers.core.endpoints import controller as endpoints
from wherry.controllers.core.namespace import controller as namespace
from wherry.controllers.core.rootca import controller as rootca
from wherry.controllers.core.serviceaccount import controller as serviceaccount
from wherry.controllers.discovery.endpointslice import controller as endpointslice
from wherry.controllers.garbage import controller as garbage
from wherry.reconcile.controller import Controller


@dataclass(frozen=True, slots=True)
class Settings:
    """What a control plane can say about its controllers."""

    root_ca: Callable[[], str]
    """The CA certificates in PEM that Pods are to trust the API by."""


def controllers(settings: Settings) -> tuple[Controller, ...]:
    """Every controller, for `wherry.reconcile.loop.Loops`."""
    return (
        namespace.CONTROLLER,
        serviceaccount.CONTROLLER,
        rootca.controller(settings.root_ca),
        deployment.CONTROLLER,
        replicaset.REPLICASET,
        replicaset.REPLICATIONCONTROLLER,
        job.CONTROLLER,
        endpointslice.CONTROLLER,
        endpoints.CONTROLLER,
        garbage.CONTROLLER,
    )
