"""CertificateSigningRequests: somebody asks for a certificate, somebody approves, a signer issues."""

from __future__ import annotations

import re
from base64 import b64decode

from wherry.api import Obj
from wherry.api.field import FieldError, duplicate, forbidden, invalid, required
from wherry.api.meta.columns import AGE, NAME, NONE, text
from wherry.api.meta.duration import human_duration
from wherry.api.meta.names import dns1123_subdomain_faults
from wherry.api.resource import STATUS, Cell, Column, Resource, Scope, Subresource
from wherry.api.schema import schema


def _duration(request: Obj, _: float) -> Cell:
    seconds = (request.get("spec") or {}).get("expirationSeconds")
    return NONE if seconds is None else human_duration(seconds)


def _condition(request: Obj, _: float) -> Cell:
    status = request.get("status") or {}
    types = {condition["type"] for condition in status.get("conditions") or ()}
    text = "Denied" if "Denied" in types else "Approved" if "Approved" in types else "Pending"
    if "Failed" in types:
        text += ",Failed"
    return text + ",Issued" if status.get("certificate") else text


_MIN_SECONDS = 600
_LABEL = "(?:NEW )?CERTIFICATE REQUEST-----"
_PEM = re.compile(rf"\s*-----BEGIN {_LABEL}\s[\s\S]+-----END {_LABEL}\s*\Z")


def set_defaults(request: Obj) -> None:
    """A condition that does not say so holds; older clients wrote none that do."""
    request.setdefault("spec", {})
    for condition in (request.get("status") or {}).get("conditions") or ():
        condition.setdefault("status", "True")


def prepare_create(request: Obj) -> None:
    request["status"] = {}


def prepare_update(new: Obj, old: Obj) -> None:
    """What is asked for can not change; ask anew."""
    new["spec"] = old["spec"]


def prepare_status_update(new: Obj, old: Obj) -> None:
    """Approval and denial have a path of their own; a signer can only add other conditions and the certificate."""
    conditions = (new.get("status") or {}).get("conditions") or []
    kept = [c for c in (old.get("status") or {}).get("conditions") or [] if c["type"] in _DECISIONS]
    others = [condition for condition in conditions if condition["type"] not in _DECISIONS]
    if kept or others:
        new.setdefault("status", {})["conditions"] = kept + others


_DECISIONS = ("Approved", "Denied")


def with_approval(old: Obj, new: Obj) -> tuple[Obj, list[FieldError]]:
    """(the stored request with the conditions of `new`, faults): what a write to `approval` means."""
    conditions = (new.get("status") or {}).get("conditions") or []
    request = {**old, "status": {**(old.get("status") or {}), "conditions": conditions}}
    types = {condition.get("type") for condition in conditions}
    faults: list[FieldError] = []
    if types.issuperset(_DECISIONS):
        why = "Approved and Denied conditions are mutually exclusive"
        faults.append(invalid("status.conditions", conditions, why))
    for condition in (old.get("status") or {}).get("conditions") or ():
        if condition["type"] in _DECISIONS and condition["type"] not in types:
            why = f'updates may not remove a condition of type "{condition["type"]}"'
            faults.append(forbidden("status.conditions", why))
    return request, faults


def validate(request: Obj) -> list[FieldError]:
    spec, faults = request["spec"], list[FieldError]()
    try:
        text = b64decode(spec.get("request") or "").decode()
    except ValueError:
        text = ""
    if not _PEM.match(text):
        why = "PEM block type must be CERTIFICATE REQUEST"
        faults.append(invalid("spec.request", spec.get("request") or "", why))
    usages = spec.get("usages") or []
    if not usages:
        faults.append(required("spec.usages"))
    faults += [duplicate(f"spec.usages[{i}]", usage) for i, usage in enumerate(usages) if usage in usages[:i]]
    signer = spec.get("signerName") or ""
    domain, slash, path = signer.partition("/")
    if not signer:
        faults.append(required("spec.signerName"))
    elif not slash or not path or dns1123_subdomain_faults(domain):
        why = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        faults.append(invalid("spec.signerName", signer, why))
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < _MIN_SECONDS:
        why = f"may not specify a duration less than {_MIN_SECONDS} seconds (10 minutes)"
        faults.append(invalid("spec.expirationSeconds", seconds, why))
    return faults


CERTIFICATESIGNINGREQUESTS = Resource(
    group="certificates.k8s.io",
    version="v1",
    kind="CertificateSigningRequest",
    plural="certificatesigningrequests",
    schema=schema("certificates.k8s.io/v1", "CertificateSigningRequest"),
    short_names=("csr",),
    scope=Scope.CLUSTER,
    subresources=(Subresource("approval"), STATUS),
    fields={"spec.signerName": lambda request: (request.get("spec") or {}).get("signerName") or ""},
    columns=(
        NAME,
        AGE,
        Column("SignerName", text("spec.signerName", NONE)),
        Column("Requestor", text("spec.username")),
        Column("RequestedDuration", _duration),
        Column("Condition", _condition),
    ),
    defaults=set_defaults,
    prepare_create=prepare_create,
    prepare_update=prepare_update,
    prepare_status_update=prepare_status_update,
    validate=validate,
)
