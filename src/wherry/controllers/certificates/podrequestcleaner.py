"""Deletes requests of kubelets for certificates of Pods once whoever was to answer must have done so."""

from __future__ import annotations

from wherry.api import errors
from wherry.api.certificates.podcertificaterequest import PODCERTIFICATEREQUESTS
from wherry.api.types.certificates_v1 import PodCertificateRequest
from wherry.client import Key
from wherry.reconcile.controller import DONE, Controller, Deps, Result

USEFUL_SECONDS = 15 * 60.0


async def reconcile(key: Key, deps: Deps) -> Result:
    request = deps.client.informer(PODCERTIFICATEREQUESTS, PodCertificateRequest).get(key)
    if request is None:
        return DONE
    created = request.metadata.creation_timestamp
    end = (created.timestamp() if created is not None else 0.0) + USEFUL_SECONDS
    if (left := end - deps.clock.time()) > 0:
        return Result(left)
    try:
        await deps.client.delete(PODCERTIFICATEREQUESTS, key.name, key.namespace, uid=request.metadata.uid)
    except (errors.NotFound, errors.Conflict):
        return DONE
    return DONE


CONTROLLER = Controller(
    name="podcertificaterequest-cleaner-controller",
    reconciles=PODCERTIFICATEREQUESTS,
    view=PodCertificateRequest,
    reconcile=reconcile,
    writes=("podcertificaterequests.certificates.k8s.io (delete)",),
    workers=1,
)
