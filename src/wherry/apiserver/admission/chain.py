"""The two lists of admission plug-ins, in the order in which they run, and which kinds each looks at.

Those that change objects run before validation, those that only refuse after it. A list of nothing looks at every kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wherry.api.certificates.certificatesigningrequest import CERTIFICATESIGNINGREQUESTS
from wherry.api.certificates.clustertrustbundle import CLUSTERTRUSTBUNDLES
from wherry.api.certificates.podcertificaterequest import PODCERTIFICATEREQUESTS
from wherry.api.coordination.lease import LEASES
from wherry.api.core.node import NODES
from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.pod import PODS
from wherry.api.core.serviceaccount import SERVICEACCOUNTS
from wherry.api.dra.resourceclaim import RESOURCECLAIMS
from wherry.api.dra.resourceclaimtemplate import RESOURCECLAIMTEMPLATES
from wherry.api.networking.ingress import INGRESSES
from wherry.api.rbac.clusterrole import CLUSTERROLES
from wherry.api.rbac.clusterrolebinding import CLUSTERROLEBINDINGS
from wherry.api.rbac.role import ROLES
from wherry.api.rbac.rolebinding import ROLEBINDINGS
from wherry.api.resource import Resource
from wherry.api.scheduling.priorityclass import PRIORITYCLASSES
from wherry.api.storage.csinode import CSINODES
from wherry.api.storage.volumeattributesclass import VOLUMEATTRIBUTESCLASSES
from wherry.apiserver.admission.certificates import (
    record_requester,
    restrict_attesting,
    restrict_deciding,
    restrict_signing,
    restrict_subject,
    restrict_times,
)
from wherry.apiserver.admission.claimresize import claim_resize
from wherry.apiserver.admission.defaultingressclass import default_ingress_class
from wherry.apiserver.admission.defaultstorageclass import default_storage_class
from wherry.apiserver.admission.defaulttolerationseconds import default_toleration_seconds
from wherry.apiserver.admission.deviceadmin import device_admin
from wherry.apiserver.admission.limitranger import enforce_limits, set_default_limits
from wherry.apiserver.admission.namespacelifecycle import namespace_lifecycle
from wherry.apiserver.admission.noderestriction import node_restriction
from wherry.apiserver.admission.nodetaints import taint_new_nodes
from wherry.apiserver.admission.podsecurity.plugin import KINDS, pod_security
from wherry.apiserver.admission.priority import keep_system_classes, pod_priority, single_default_priority
from wherry.apiserver.admission.protectstorage import protect_storage
from wherry.apiserver.admission.runtimeclass import runtime_class
from wherry.apiserver.admission.serviceaccount import service_account
from wherry.apiserver.attributes import Admission, Plugin, Reader
from wherry.apiserver.authz.chain import Authorization
from wherry.apiserver.authz.escalation import no_escalation
from wherry.apiserver.extensions.terminating import refuse_creation

Entry = tuple[Plugin, tuple[Resource, ...]]
_NODES_WRITE = (PODS, NODES, LEASES, CSINODES, PERSISTENTVOLUMECLAIMS, SERVICEACCOUNTS)
_PROTECTED = (PERSISTENTVOLUMES, PERSISTENTVOLUMECLAIMS, VOLUMEATTRIBUTESCLASSES)
_RBAC = (CLUSTERROLES, ROLES, CLUSTERROLEBINDINGS, ROLEBINDINGS)


def mutating(suffix: Callable[[], str]) -> tuple[Plugin, ...]:
    """Those that change objects. `suffix` makes random ends of names."""
    entries: tuple[Entry, ...] = (
        (refuse_creation, ()),
        (namespace_lifecycle, ()),
        (set_default_limits, (PODS,)),
        (service_account(suffix), (PODS,)),
        (node_restriction, _NODES_WRITE),
        (taint_new_nodes, (NODES,)),
        (pod_priority, (PODS,)),
        (default_toleration_seconds, (PODS,)),
        (default_storage_class, (PERSISTENTVOLUMECLAIMS,)),
        (protect_storage, _PROTECTED),
        (default_ingress_class, (INGRESSES,)),
        (runtime_class, (PODS,)),
        (record_requester, (CERTIFICATESIGNINGREQUESTS,)),
    )
    return (by_kind(entries),)


def validating(
    time: Callable[[], float], authorization: Callable[[], Authorization] | None = None
) -> tuple[Plugin, ...]:
    """Those that only refuse. `time` says what time it is; without authorization nobody's rights are compared."""
    entries: tuple[Entry, ...] = (
        (enforce_limits, (PODS, PERSISTENTVOLUMECLAIMS)),
        (single_default_priority, (PRIORITYCLASSES,)),
        (keep_system_classes, (PRIORITYCLASSES,)),
        (claim_resize, (PERSISTENTVOLUMECLAIMS,)),
        (restrict_subject, (CERTIFICATESIGNINGREQUESTS,)),
        (restrict_times(time), (PODCERTIFICATEREQUESTS,)),
        (device_admin, (RESOURCECLAIMS, RESOURCECLAIMTEMPLATES)),
        (pod_security, KINDS),
    )
    if authorization is not None:
        entries += (
            (_later(authorization), _RBAC),
            (restrict_deciding(authorization), (CERTIFICATESIGNINGREQUESTS,)),
            (restrict_attesting(authorization), (CLUSTERTRUSTBUNDLES,)),
            (restrict_signing(authorization), (PODCERTIFICATEREQUESTS,)),
        )
    return (by_kind(entries),)


def by_kind(entries: Sequence[Entry]) -> Plugin:
    """One plug-in that runs of a list, in its order, those that look at the kind at hand."""
    everywhere = tuple(plugin for plugin, kinds in entries if not kinds)
    kinds = {kind for _, some in entries for kind in some}
    table = {kind: tuple(plugin for plugin, some in entries if not some or kind in some) for kind in kinds}

    def plugin(admission: Admission, reader: Reader) -> None:
        for one in table.get(admission.resource, everywhere):
            one(admission, reader)

    return plugin


def _later(authorization: Callable[[], Authorization]) -> Plugin:
    """The doors are made when the API opens, after the lists."""
    made: list[Plugin] = []

    def plugin(admission: Admission, reader: Reader) -> None:
        if not made:
            made.append(no_escalation(authorization()))
        made[0](admission, reader)

    return plugin
