"""PodCertificateRequests: a kubelet asks for a certificate on behalf of a pod."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.meta.columns import NAME, text
from wherry.api.resource import STATUS, Cell, Column, Resource
from wherry.api.schema import schema

_FINAL = ("Issued", "Denied", "Failed")


def _state(request: Obj, _: float) -> Cell:
    types = {
        condition["type"]
        for condition in (request.get("status") or {}).get("conditions") or ()
        if condition.get("status") == "True"
    }
    return next((name for name in _FINAL if name in types), "Pending")


PODCERTIFICATEREQUESTS = Resource(
    group="certificates.k8s.io",
    version="v1",
    kind="PodCertificateRequest",
    plural="podcertificaterequests",
    schema=schema("certificates.k8s.io/v1", "PodCertificateRequest"),
    subresources=(STATUS,),
    fields={
        "spec.signerName": lambda request: (request.get("spec") or {}).get("signerName") or "",
        "spec.podName": lambda request: (request.get("spec") or {}).get("podName") or "",
        "spec.nodeName": lambda request: (request.get("spec") or {}).get("nodeName") or "",
    },
    columns=(
        NAME,
        Column("PodName", text("spec.podName")),
        Column("ServiceAccountName", text("spec.serviceAccountName")),
        Column("NodeName", text("spec.nodeName")),
        Column("SignerName", text("spec.signerName")),
        Column("State", _state),
    ),
)
