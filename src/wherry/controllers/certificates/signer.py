"""Signs what was approved."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

from wherry.api.certificates.certificatesigningrequest import CERTIFICATESIGNINGREQUESTS
from wherry.api.types.certificates_v1 import CertificateSigningRequest
from wherry.client import Key
from wherry.controllers.certificates import plan
from wherry.identity.pair import Pair
from wherry.lib.clock import format_time
from wherry.reconcile.controller import DONE, Controller, Deps, Result


async def reconcile(key: Key, deps: Deps) -> Result:
    request = deps.client.informer(CERTIFICATESIGNINGREQUESTS, CertificateSigningRequest).get(key)
    if request is None or not plan.wants_signature(request):
        return DONE
    obj = await deps.client.get(CERTIFICATESIGNINGREQUESTS, key.name)
    status = obj.setdefault("status", {})
    now = deps.clock.time()
    try:
        status["certificate"] = b64encode(_sign(request, deps, now)).decode("ascii")
    except ValueError as error:
        failed = plan.condition("Failed", "SignerValidationFailure", str(error), format_time(now))
        status["conditions"] = plan.with_condition(status.get("conditions") or [], failed)
    await deps.client.update(CERTIFICATESIGNINGREQUESTS, obj, subresource="status")
    return DONE


def _sign(request: CertificateSigningRequest, deps: Deps, now: float) -> bytes:
    """Raises ValueError when the signer does not sign this."""
    from wherry.identity import ca, signing

    spec = request.spec
    asked = signing.parse_request(spec.request)
    if why := signing.refusal(spec.signer_name, asked, spec.usages):
        raise ValueError(why)
    pair: Pair = deps.settings["authority"]()
    return signing.sign(ca.read_authority(pair), spec.request, spec.usages, now, spec.expiration_seconds)


def controller(authority: Callable[[], Pair]) -> Controller:
    """`authority` says where the cluster's authority lies; its key is read when there is something to sign."""
    return Controller(
        name="certificatesigningrequest-signing-controller",
        reconciles=CERTIFICATESIGNINGREQUESTS,
        view=CertificateSigningRequest,
        reconcile=reconcile,
        writes=("certificatesigningrequests.certificates.k8s.io/status",),
        workers=1,
        settings={"authority": authority},
    )
