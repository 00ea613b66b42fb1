"""ClusterTrustBundles: root certificates that pods can mount."""

from __future__ import annotations

from wherry.api.meta.columns import NAME, NONE, text
from wherry.api.resource import Column, Resource, Scope
from wherry.api.schema import schema

CLUSTERTRUSTBUNDLES = Resource(
    group="certificates.k8s.io",
    version="v1",
    kind="ClusterTrustBundle",
    plural="clustertrustbundles",
    schema=schema("certificates.k8s.io/v1", "ClusterTrustBundle"),
    scope=Scope.CLUSTER,
    unconditional_update=False,
    fields={"spec.signerName": lambda bundle: (bundle.get("spec") or {}).get("signerName") or ""},
    columns=(NAME, Column("SignerName", text("spec.signerName", NONE))),
)
