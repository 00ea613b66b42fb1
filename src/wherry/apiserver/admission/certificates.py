"""Certificate signing requests: who asks is written down by us, and approving and signing are rights of their own."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable

from wherry.api import Obj
from wherry.api.errors import Invalid
from wherry.api.field import forbidden as not_allowed
from wherry.api.field import invalid
from wherry.apiserver.admission.refusing import forbidden
from wherry.apiserver.attributes import MASTERS, Admission, Attributes, Authorizer, Plugin, Reader
from wherry.identity.profiles import NODE_PREFIX, NODES
from wherry.identity.signers import API_SERVER_CLIENT, KUBELET_CLIENT, KUBELET_SERVING
from wherry.lib.clock import parse_time

_ABOUT_NOW = 5 * 60
_BOOKKEEPING = ("ownerReferences", "finalizers", "managedFields", "resourceVersion")
"""What garbage collection and the server itself write of an object's metadata."""


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


def restrict_attesting(authorization: Callable[[], Authorizer]) -> Plugin:
    """Who says what a signer's roots are needs the right `attest` on the signer; collecting garbage changes nothing."""

    def plugin(admission: Admission, _: Reader) -> None:
        new = admission.obj or {}
        if admission.operation not in ("CREATE", "UPDATE") or not (new.get("spec") or {}).get("signerName"):
            return
        if admission.operation == "UPDATE" and _essence(new) == _essence(admission.old or {}):
            return
        _demand(admission, authorization(), "attest", "attest for", of=new)

    return plugin


def _essence(obj: Obj) -> Obj:
    """An object without what garbage collection writes."""
    metadata = {key: value for key, value in obj["metadata"].items() if key not in _BOOKKEEPING}
    return {**obj, "metadata": metadata}


def restrict_signing(authorization: Callable[[], Authorizer]) -> Plugin:
    """Whoever finishes a pod's request needs the right `sign` on the signer."""

    def plugin(admission: Admission, _: Reader) -> None:
        new, old = admission.obj or {}, admission.old or {}
        if admission.subresource != "status" or (new.get("status") or {}) == (old.get("status") or {}):
            return
        signer = str((old.get("spec") or {}).get("signerName") or "")
        if not _may_use(admission, authorization(), "sign", signer):
            why = f'User "{admission.user.name}" is not permitted to "sign" for signer "{signer}"'
            raise Invalid.of(admission.resource, admission.name, [not_allowed("spec.signerName", why)])

    return plugin


def restrict_times(time: Callable[[], float]) -> Plugin:
    """A pod's certificate begins about now. Validation has seen to all else, but knows no clock."""

    def plugin(admission: Admission, _: Reader) -> None:
        status, before = ((obj or {}).get("status") or {} for obj in (admission.obj, admission.old))
        begin = status.get("notBefore")
        if admission.subresource != "status" or not begin or begin == before.get("notBefore"):
            return
        if abs(parse_time(begin) - time()) >= _ABOUT_NOW:
            why = "must be set to within 5 minutes of kube-apiserver's current time"
            raise Invalid.of(admission.resource, admission.name, [invalid("status.notBefore", begin, why)])

    return plugin


def _certificate(request: Obj) -> object:
    return (request.get("status") or {}).get("certificate")


def _demand(admission: Admission, authorizer: Authorizer, verb: str, what: str, of: Obj | None = None) -> None:
    """`of` is the object that names the signer, the older one unless said."""
    signer = str(((of or admission.old or admission.obj or {}).get("spec") or {}).get("signerName") or "")
    if not _may_use(admission, authorizer, verb, signer):
        raise forbidden(admission, f'user not permitted to {what} signerName "{signer}"')


def _may_use(admission: Admission, authorizer: Authorizer, verb: str, signer: str) -> bool:
    """Rights are given on one signer or on all of a domain."""
    names = (signer, f"{signer.partition('/')[0]}/*")
    return any(_may(admission, authorizer, verb, name) for name in names)


def _may(admission: Admission, authorizer: Authorizer, verb: str, name: str) -> bool:
    attributes = Attributes(admission.user, verb, "certificates.k8s.io", "v1", "signers", name=name)
    return authorizer.authorize(attributes).allowed
