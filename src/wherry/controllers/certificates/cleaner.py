"""Deletes requests for certificates that nobody needs any more, at the moment when that is so."""

from __future__ import annotations

from wherry.api import errors
from wherry.api.certificates.certificatesigningrequest import CERTIFICATESIGNINGREQUESTS
from wherry.api.types.certificates_v1 import CertificateSigningRequest
from wherry.client import Key
from wherry.controllers.certificates.plan import useful_until
from wherry.identity.der import decode_pem, read_certificate
from wherry.reconcile.controller import DONE, Controller, Deps, Result


async def reconcile(key: Key, deps: Deps) -> Result:
    request = deps.client.informer(CERTIFICATESIGNINGREQUESTS, CertificateSigningRequest).get(key)
    if request is None:
        return DONE
    end = useful_until(request, _valid_until(request.status.certificate))
    if end is None:
        return DONE
    if (left := end - deps.clock.time()) > 0:
        return Result(left)
    try:
        await deps.client.delete(CERTIFICATESIGNINGREQUESTS, key.name, uid=request.metadata.uid)
    except errors.NotFound:
        return DONE
    return DONE


def _valid_until(certificate: bytes | None) -> float | None:
    """None where there is no certificate, or nobody can tell."""
    if not certificate:
        return None
    try:
        return read_certificate(decode_pem(certificate.decode("ascii"))).not_after
    except ValueError:
        return None


CONTROLLER = Controller(
    name="certificatesigningrequest-cleaner-controller",
    reconciles=CERTIFICATESIGNINGREQUESTS,
    view=CertificateSigningRequest,
    reconcile=reconcile,
    writes=("certificatesigningrequests.certificates.k8s.io (delete)",),
    workers=1,
)
