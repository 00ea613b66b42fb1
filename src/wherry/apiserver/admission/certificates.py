"""Certificate signing requests: who asks is written down by us, and approving and signing are rights of their own."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable

from wherry.api import Obj
from wherry.apiserver.admission.refusing import forbidden
from wherry.apiserver.attributes import MASTERS, Admission, Attributes, Authorizer, Plugin, Reader
from wherry.identity.profiles import NODE_PREFIX, NODES
from wherry.identity.signers import API_SERVER_CLIENT, KUBELET_CLIENT, KUBELET_SERVING


def record_requester(admission: Admission, _: Reader) -> None:
    """Whatever a client says of itself is replaced by whom it proved to be."""
    request = admission.obj
    if admission.operation != "CREATE" or request is None:
        return
    user, spec = admission.user, request.setdefault("spec", {})
    for key in ("uid", "groups", "extra"):
        spec.pop(key, None)
    spec["username"] = user.name
    if user.uid:
        spec["uid"] = user.uid
    if user.groups:
        spec["groups"] = list(user.groups)
    if user.extra:
        spec["extra"] = {key: list(values) for key, values in user.extra.items()}


def restrict_subject(admission: Admission, _: Reader) -> None:
    """No superuser by certificate, and no node but the one that asks."""
    request = admission.obj
    if admission.operation != "CREATE" or request is None:
        return
    spec = request.get("spec") or {}
    signer = spec.get("signerName")
    is_node = NODES in admission.user.groups and admission.user.name.startswith(NODE_PREFIX)
    if signer != API_SERVER_CLIENT and not (is_node and signer in (KUBELET_CLIENT, KUBELET_SERVING)):
        return
    from wherry.identity import signing

    try:
        profile = signing.parse_request(b64decode(spec.get("request") or "")).profile
    except ValueError:
        return
    if signer == API_SERVER_CLIENT and MASTERS in profile.organizations:
        raise forbidden(admission, f"use of {API_SERVER_CLIENT} signer with {MASTERS} group is not allowed")
    if is_node and signer != API_SERVER_CLIENT and profile.common_name != admission.user.name:
        raise forbidden(admission, f"can only create a node CSR with CN={admission.user.name}")


def restrict_deciding(authorization: Callable[[], Authorizer]) -> Plugin:
    """Approving takes the right `approve` on the signer, putting a certificate in takes `sign`."""

    def plugin(admission: Admission, _: Reader) -> None:
        new, old = admission.obj, admission.old
        if admission.operation != "UPDATE" or new is None:
            return
        if admission.subresource == "approval":
            _demand(admission, authorization(), "approve", "approve requests with")
        elif admission.subresource == "status" and _certificate(new) != _certificate(old or {}):
            _demand(admission, authorization(), "sign", "sign requests with")

    return plugin


def _certificate(request: Obj) -> object:
    return (request.get("status") or {}).get("certificate")


def _demand(admission: Admission, authorizer: Authorizer, verb: str, what: str) -> None:
    signer = str(((admission.old or admission.obj or {}).get("spec") or {}).get("signerName") or "")
    names = (signer, f"{signer.partition('/')[0]}/*")
    if not any(_may(admission, authorizer, verb, name) for name in names):
        raise forbidden(admission, f'user not permitted to {what} signerName "{signer}"')


def _may(admission: Admission, authorizer: Authorizer, verb: str, name: str) -> bool:
    attributes = Attributes(admission.user, verb, "certificates.k8s.io", "v1", "signers", name=name)
    return authorizer.authorize(attributes).allowed
