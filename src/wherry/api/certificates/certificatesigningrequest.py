"""CertificateSigningRequests: somebody asks for a certificate, somebody approves, a signer issues."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.meta.columns import AGE, NAME, NONE, text
from wherry.api.meta.duration import human_duration
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


CERTIFICATESIGNINGREQUESTS = Resource(
    group="certificates.k8s.io",
    version="v1",
    kind="CertificateSigningRequest",
    plural="certificatesigningrequests",
    schema=schema("certificates.k8s.io/v1", "CertificateSigningRequest"),
    short_names=("csr",),
    scope=Scope.CLUSTER,
    subresources=(Subresource("approval"), STATUS),
    fields={"spec.signerName": lambda request: request["spec"].get("signerName") or ""},
    columns=(
        NAME,
        AGE,
        Column("SignerName", text("spec.signerName", NONE)),
        Column("Requestor", text("spec.username")),
        Column("RequestedDuration", _duration),
        Column("Condition", _condition),
    ),
)
