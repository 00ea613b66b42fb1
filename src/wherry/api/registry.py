"""The one visible list of built-in kinds, and the look-ups that a control plane needs.

`BUILTIN` is every GA kind of Kubernetes 1.37, in the order in which upstream's discovery names the groups. A `Registry`
is what one control plane serves: the built-in kinds, shared by all, and custom ones of its own, which come and go while
it runs. An empty one costs next to nothing, so there can be a thousand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from wherry.api.admissionregistration.mutatingadmissionpolicy import MUTATINGADMISSIONPOLICIES
from wherry.api.admissionregistration.mutatingadmissionpolicybinding import MUTATINGADMISSIONPOLICYBINDINGS
from wherry.api.admissionregistration.mutatingwebhookconfiguration import MUTATINGWEBHOOKCONFIGURATIONS
from wherry.api.admissionregistration.validatingadmissionpolicy import VALIDATINGADMISSIONPOLICIES
from wherry.api.admissionregistration.validatingadmissionpolicybinding import VALIDATINGADMISSIONPOLICYBINDINGS
from wherry.api.admissionregistration.validatingwebhookconfiguration import VALIDATINGWEBHOOKCONFIGURATIONS
from wherry.api.apiextensions.customresourcedefinition import CUSTOMRESOURCEDEFINITIONS
from wherry.api.apiregistration.apiservice import APISERVICES
from wherry.api.apps.controllerrevision import CONTROLLERREVISIONS
from wherry.api.apps.daemonset import DAEMONSETS
from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.apps.replicaset import REPLICASETS
from wherry.api.apps.statefulset import STATEFULSETS
from wherry.api.authentication.selfsubjectreview import SELFSUBJECTREVIEWS
from wherry.api.authentication.tokenrequest import TOKENREQUESTS
from wherry.api.authentication.tokenreview import TOKENREVIEWS
from wherry.api.authorization.localsubjectaccessreview import LOCALSUBJECTACCESSREVIEWS
from wherry.api.authorization.selfsubjectaccessreview import SELFSUBJECTACCESSREVIEWS
from wherry.api.authorization.selfsubjectrulesreview import SELFSUBJECTRULESREVIEWS
from wherry.api.authorization.subjectaccessreview import SUBJECTACCESSREVIEWS
from wherry.api.autoscaling.horizontalpodautoscaler import HORIZONTALPODAUTOSCALERS
from wherry.api.autoscaling.horizontalpodautoscaler_v1 import HORIZONTALPODAUTOSCALERS_V1
from wherry.api.autoscaling.scale import SCALES
from wherry.api.batch.cronjob import CRONJOBS
from wherry.api.batch.job import JOBS
from wherry.api.certificates.certificatesigningrequest import CERTIFICATESIGNINGREQUESTS
from wherry.api.certificates.clustertrustbundle import CLUSTERTRUSTBUNDLES
from wherry.api.certificates.podcertificaterequest import PODCERTIFICATEREQUESTS
from wherry.api.coordination.lease import LEASES
from wherry.api.core.binding import BINDINGS
from wherry.api.core.componentstatus import COMPONENTSTATUSES
from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.core.endpoints import ENDPOINTS
from wherry.api.core.event import EVENTS as CORE_EVENTS
from wherry.api.core.limitrange import LIMITRANGES
from wherry.api.core.namespace import NAMESPACES
from wherry.api.core.node import NODES
from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.pod import PODS
from wherry.api.core.podtemplate import PODTEMPLATES
from wherry.api.core.replicationcontroller import REPLICATIONCONTROLLERS
from wherry.api.core.resourcequota import RESOURCEQUOTAS
from wherry.api.core.secret import SECRETS
from wherry.api.core.service import SERVICES
from wherry.api.core.serviceaccount import SERVICEACCOUNTS
from wherry.api.discovery.endpointslice import ENDPOINTSLICES
from wherry.api.dra.deviceclass import DEVICECLASSES
from wherry.api.dra.devicetaintrule import DEVICETAINTRULES
from wherry.api.dra.resourceclaim import RESOURCECLAIMS
from wherry.api.dra.resourceclaimtemplate import RESOURCECLAIMTEMPLATES
from wherry.api.dra.resourceslice import RESOURCESLICES
from wherry.api.events.event import EVENTS
from wherry.api.flowcontrol.flowschema import FLOWSCHEMAS
from wherry.api.flowcontrol.prioritylevelconfiguration import PRIORITYLEVELCONFIGURATIONS
from wherry.api.networking.ingress import INGRESSES
from wherry.api.networking.ingressclass import INGRESSCLASSES
from wherry.api.networking.ipaddress import IPADDRESSES
from wherry.api.networking.networkpolicy import NETWORKPOLICIES
from wherry.api.networking.servicecidr import SERVICECIDRS
from wherry.api.node.runtimeclass import RUNTIMECLASSES
from wherry.api.policy.eviction import EVICTIONS
from wherry.api.policy.poddisruptionbudget import PODDISRUPTIONBUDGETS
from wherry.api.rbac.clusterrole import CLUSTERROLES
from wherry.api.rbac.clusterrolebinding import CLUSTERROLEBINDINGS
from wherry.api.rbac.role import ROLES
from wherry.api.rbac.rolebinding import ROLEBINDINGS
from wherry.api.resource import Resource
from wherry.api.scheduling.priorityclass import PRIORITYCLASSES
from wherry.api.storage.csidriver import CSIDRIVERS
from wherry.api.storage.csinode import CSINODES
from wherry.api.storage.csistoragecapacity import CSISTORAGECAPACITIES
from wherry.api.storage.storageclass import STORAGECLASSES
from wherry.api.storage.volumeattachment import VOLUMEATTACHMENTS
from wherry.api.storage.volumeattributesclass import VOLUMEATTRIBUTESCLASSES
from wherry.api.storagemigration.storageversionmigration import STORAGEVERSIONMIGRATIONS

BUILTIN: tuple[Resource, ...] = (
    # core
    BINDINGS,
    COMPONENTSTATUSES,
    CONFIGMAPS,
    ENDPOINTS,
    CORE_EVENTS,
    LIMITRANGES,
    NAMESPACES,
    NODES,
    PERSISTENTVOLUMES,
    PERSISTENTVOLUMECLAIMS,
    PODS,
    PODTEMPLATES,
    REPLICATIONCONTROLLERS,
    RESOURCEQUOTAS,
    SECRETS,
    SERVICES,
    SERVICEACCOUNTS,
    # apiregistration.k8s.io
    APISERVICES,
    # apps
    CONTROLLERREVISIONS,
    DAEMONSETS,
    DEPLOYMENTS,
    REPLICASETS,
    STATEFULSETS,
    # events.k8s.io
    EVENTS,
    # authentication.k8s.io
    SELFSUBJECTREVIEWS,
    TOKENREVIEWS,
    # authorization.k8s.io
    LOCALSUBJECTACCESSREVIEWS,
    SELFSUBJECTACCESSREVIEWS,
    SELFSUBJECTRULESREVIEWS,
    SUBJECTACCESSREVIEWS,
    # autoscaling
    HORIZONTALPODAUTOSCALERS,
    HORIZONTALPODAUTOSCALERS_V1,
    # batch
    CRONJOBS,
    JOBS,
    # certificates.k8s.io
    CERTIFICATESIGNINGREQUESTS,
    CLUSTERTRUSTBUNDLES,
    PODCERTIFICATEREQUESTS,
    # networking.k8s.io
    IPADDRESSES,
    INGRESSES,
    INGRESSCLASSES,
    NETWORKPOLICIES,
    SERVICECIDRS,
    # policy
    PODDISRUPTIONBUDGETS,
    # rbac.authorization.k8s.io
    CLUSTERROLES,
    CLUSTERROLEBINDINGS,
    ROLES,
    ROLEBINDINGS,
    # storage.k8s.io
    CSIDRIVERS,
    CSINODES,
    CSISTORAGECAPACITIES,
    STORAGECLASSES,
    VOLUMEATTACHMENTS,
    VOLUMEATTRIBUTESCLASSES,
    # admissionregistration.k8s.io
    MUTATINGADMISSIONPOLICIES,
    MUTATINGADMISSIONPOLICYBINDINGS,
    MUTATINGWEBHOOKCONFIGURATIONS,
    VALIDATINGADMISSIONPOLICIES,
    VALIDATINGADMISSIONPOLICYBINDINGS,
    VALIDATINGWEBHOOKCONFIGURATIONS,
    # apiextensions.k8s.io
    CUSTOMRESOURCEDEFINITIONS,
    # scheduling.k8s.io
    PRIORITYCLASSES,
    # coordination.k8s.io
    LEASES,
    # node.k8s.io
    RUNTIMECLASSES,
    # discovery.k8s.io
    ENDPOINTSLICES,
    # flowcontrol.apiserver.k8s.io
    FLOWSCHEMAS,
    PRIORITYLEVELCONFIGURATIONS,
    # resource.k8s.io
    DEVICECLASSES,
    DEVICETAINTRULES,
    RESOURCECLAIMS,
    RESOURCECLAIMTEMPLATES,
    RESOURCESLICES,
    # storagemigration.k8s.io
    STORAGEVERSIONMIGRATIONS,
)

SUBRESOURCE_BODIES: tuple[Resource, ...] = (TOKENREQUESTS, SCALES, EVICTIONS)
"""Kinds that exist only as bodies of subresources: known by kind, served under no path of their own."""


class Registry:
    """The kinds that one control plane serves. `revision` counts changes, for whoever caches what is made of them."""

    __slots__ = ("_by_kind", "_by_version", "_custom", "_unserved", "revision")

    def __init__(self) -> None:
        self._custom: dict[_Path, Resource] = {}
        self._by_kind: dict[tuple[str, str], Resource] = {}
        self._by_version: dict[str, dict[str, tuple[Resource, ...]]] = {}
        """The same custom kinds by group and version, in the order of plurals."""
        self._unserved: dict[_Path, Resource] = {}
        """Versions in which custom objects are kept, and no more than that."""
        self.revision = 0

    def get(self, group: str, version: str, plural: str) -> Resource | None:
        """The kind that is served under `/apis/<group>/<version>/.../<plural>`."""
        path = (group, version, plural)
        return _SHARED.by_path.get(path) or self._custom.get(path)

    def by_kind(self, api_version: str, kind: str) -> Resource | None:
        """The kind that an object says it is of; includes bodies of subresources such as `Scale`."""
        name = (api_version, kind)
        return _SHARED.by_kind.get(name) or self._by_kind.get(name)

    def preferred(self, group: str, plural: str) -> Resource | None:
        """The kind in the version that discovery recommends."""
        for version in self.versions(group):
            if resource := self.get(group, version, plural):
                return resource
        return None

    def groups(self) -> Sequence[str]:
        """All groups in discovery's order: built-in ones by upstream's priority, custom ones by name. "" is core."""
        if not self._by_version:
            return _SHARED.groups
        return [*_SHARED.groups, *sorted(self._by_version.keys() - _SHARED.versions.keys())]

    def versions(self, group: str) -> Sequence[str]:
        """The group's versions, the preferred one first; empty for an unknown group."""
        shared = _SHARED.versions.get(group, ())
        own = self._by_version.get(group)
        return sorted(own.keys() | set(shared), key=version_rank) if own else shared

    def resources(self, group: str, version: str) -> Sequence[Resource]:
        """What one group version serves, in the order of plurals."""
        shared = _SHARED.by_version.get((group, version), ())
        own = self._by_version.get(group, {}).get(version, ())
        return _by_plural((*shared, *own)) if shared and own else shared or own

    def __iter__(self) -> Iterator[Resource]:
        """Every served kind in every version."""
        yield from BUILTIN
        yield from self._custom.values()

    def stored(self) -> Iterator[Resource]:
        """One value per kind that is kept in the store: its storage version, which a custom kind need not serve."""
        yield from (resource for resource in BUILTIN if resource.stored and resource.storage is None)
        yield from dict.fromkeys(
            resource.storage or resource for resource in (*self._custom.values(), *self._unserved.values())
        )

    def is_builtin(self, group: str, version: str, plural: str) -> bool:
        """Whether a path is taken for good."""
        return (group, version, plural) in _SHARED.by_path

    def add(self, resource: Resource) -> None:
        """Serve a custom kind from now on; one of the same path is replaced. Built-in kinds cannot be."""
        self.replace((), (resource,))

    def remove(self, resource: Resource) -> None:
        """Stop serving a custom kind; nothing happens if it is not served."""
        if self._custom.get(_path(resource)) is resource:
            self.replace((resource,), ())

    def replace(self, old: Iterable[Resource], new: Iterable[Resource]) -> None:
        """Serve `new` custom kinds instead of `old` ones: all at once, so that nobody sees a definition in part."""
        new = tuple(new)
        for resource in new:
            if _path(resource) in _SHARED.by_path:
                raise ValueError(f"{resource!r} is built in")
        for resource in old:
            self._drop(resource)
        for resource in new:
            if replaced := self._custom.get(_path(resource)):
                self._drop(replaced)
            if not resource.is_served:
                self._unserved[_path(resource)] = resource
                continue
            self._custom[_path(resource)] = resource
            self._by_kind[resource.api_version, resource.kind] = resource
            versions = self._by_version.setdefault(resource.group, {})
            versions[resource.version] = _by_plural((*versions.get(resource.version, ()), resource))
        self.revision += 1

    def _drop(self, resource: Resource) -> None:
        if self._unserved.get(_path(resource)) is resource:
            del self._unserved[_path(resource)]
        if self._custom.get(_path(resource)) is not resource:
            return
        del self._custom[_path(resource)]
        if self._by_kind.get((resource.api_version, resource.kind)) is resource:
            del self._by_kind[resource.api_version, resource.kind]
        versions = self._by_version[resource.group]
        rest = tuple(other for other in versions[resource.version] if other is not resource)
        if rest:
            versions[resource.version] = rest
            return
        del versions[resource.version]
        if not versions:
            del self._by_version[resource.group]


def _by_plural(resources: Iterable[Resource]) -> tuple[Resource, ...]:
    return tuple(sorted(resources, key=lambda resource: resource.plural))


_Path = tuple[str, str, str]
_VERSION = re.compile(r"v([1-9][0-9]*)(?:(alpha|beta)([1-9][0-9]*))?\Z")
_STAGES = {None: 0, "beta": 1, "alpha": 2}


def version_rank(version: str) -> tuple[int, int, int, str]:
    """Sorts versions as upstream prefers them: v2, v1, v1beta2, v1beta1, v1alpha1, then others by name."""
    match = _VERSION.match(version)
    if match is None:
        return (3, 0, 0, version)
    return (_STAGES[match[2]], -int(match[1]), -int(match[3] or 0), "")


def _path(resource: Resource) -> _Path:
    return (resource.group, resource.version, resource.plural)


class _Shared:
    """Look-up tables of the built-in kinds, made once for the process."""

    def __init__(self, builtin: Iterable[Resource], bodies: Iterable[Resource]) -> None:
        by_version: dict[tuple[str, str], list[Resource]] = {}
        for resource in builtin:
            by_version.setdefault((resource.group, resource.version), []).append(resource)
        self.by_path: Mapping[_Path, Resource] = {_path(resource): resource for resource in builtin}
        self.by_kind: Mapping[tuple[str, str], Resource] = {
            (resource.api_version, resource.kind): resource for resource in (*builtin, *bodies)
        }
        self.by_version: Mapping[tuple[str, str], Sequence[Resource]] = {
            key: tuple(sorted(resources, key=lambda resource: resource.plural)) for key, resources in by_version.items()
        }
        self.groups: Sequence[str] = tuple(dict.fromkeys(resource.group for resource in builtin))
        self.versions: Mapping[str, Sequence[str]] = {
            group: tuple(sorted((v for g, v in by_version if g == group), key=version_rank)) for group in self.groups
        }


_SHARED = _Shared(BUILTIN, SUBRESOURCE_BODIES)
