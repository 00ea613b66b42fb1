"""All controllers of a control plane, in one visible list."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from wherry.api.features import DEFAULTS, Features, Gate
from wherry.client import Client
from wherry.controllers.apiextensions.customresourcedefinition import controller as customresourcedefinition
from wherry.controllers.apps.daemonset import controller as daemonset
from wherry.controllers.apps.deployment import controller as deployment
from wherry.controllers.apps.replicaset import controller as replicaset
from wherry.controllers.apps.statefulset import controller as statefulset
from wherry.controllers.autoscaling.horizontalpodautoscaler import controller as horizontalpodautoscaler
from wherry.controllers.autoscaling.horizontalpodautoscaler.metrics import Metrics
from wherry.controllers.batch.cronjob import controller as cronjob
from wherry.controllers.batch.job import controller as job
from wherry.controllers.batch.jobttl import controller as jobttl
from wherry.controllers.certificates import approver, cleaner, podrequestcleaner, servingbundle, signer
from wherry.controllers.coordination.serveridentity import collector as servercollector
from wherry.controllers.coordination.serveridentity import publisher as serveridentity
from wherry.controllers.core.authenticationtrust import controller as authenticationtrust
from wherry.controllers.core.bootstraptoken import cleaner as tokencleaner
from wherry.controllers.core.bootstraptoken import signer as bootstrapsigner
from wherry.controllers.core.endpoints import controller as endpoints
from wherry.controllers.core.ephemeralvolume import controller as ephemeralvolume
from wherry.controllers.core.kubernetes import controller as kubernetes
from wherry.controllers.core.kubernetes.controller import Address
from wherry.controllers.core.loadbalancer import LoadBalancers
from wherry.controllers.core.loadbalancer import controller as loadbalancer
from wherry.controllers.core.namespace import controller as namespace
from wherry.controllers.core.namespace import system as systemnamespaces
from wherry.controllers.core.node import eviction, ipam, lifecycle
from wherry.controllers.core.nodettl import controller as nodettl
from wherry.controllers.core.persistentvolume import controller as volumebinder
from wherry.controllers.core.persistentvolume import protection as volumeprotection
from wherry.controllers.core.persistentvolumeclaim import expansion
from wherry.controllers.core.persistentvolumeclaim import protection as claimprotection
from wherry.controllers.core.pod import controller as podgc
from wherry.controllers.core.resourcequota import controller as resourcequota
from wherry.controllers.core.rootca import controller as rootca
from wherry.controllers.core.serviceaccount import controller as serviceaccount
from wherry.controllers.discovery.endpointslice import controller as endpointslice
from wherry.controllers.discovery.endpointslicemirroring import controller as endpointslicemirroring
from wherry.controllers.dra.devicetaints import controller as devicetaints
from wherry.controllers.dra.resourceclaim import controller as resourceclaim
from wherry.controllers.garbage import controller as garbage
from wherry.controllers.networking.ipaddress import controller as ipaddress
from wherry.controllers.networking.servicecidr import controller as servicecidr
from wherry.controllers.networking.servicecidr import default as defaultservicecidr
from wherry.controllers.policy.poddisruptionbudget import controller as disruption
from wherry.controllers.policy.poddisruptionbudget import stale as staledisruption
from wherry.controllers.rbac.clusterrole import controller as clusterrole
from wherry.controllers.storage.attachdetach import controller as attachdetach
from wherry.controllers.storage.volumeattributesclass import controller as attributesclassprotection
from wherry.controllers.storagemigration.storageversionmigration import controller as storageversionmigration
from wherry.controllers.tokens import cleaner as legacytokens
from wherry.controllers.tokens import controller as tokens
from wherry.controllers.tokens import tracking as tokentracking
from wherry.identity.keys import TokenKeys
from wherry.identity.pair import Pair
from wherry.reconcile.controller import Controller


class Settings(Struct, frozen=True):
    """What a control plane can say about its controllers."""

    root_ca: Callable[[], str]
    """The CA certificates in PEM that Pods are to trust the API by."""
    cluster_cidr: str = "10.42.0.0/16"
    """Where the addresses of Pods come from, a part for each node."""
    node_prefix: int = 24
    service_cidrs: tuple[str, ...] = ()
    """Where the addresses of Services come from; none where somebody else sees to the object that says so."""
    address: Address | None = None
    """Where Pods reach the API server; None where nobody needs to (a control plane without nodes)."""
    authority: Callable[[], Pair] | None = None
    """Where the authority that signs certificates lies; None where none are signed."""
    metrics: Callable[[Client], Metrics] | None = None
    """Where autoscalers have their figures from; None asks the metrics APIs."""
    token_keys: TokenKeys | None = None
    """What signs the tokens that Secrets ask for; None where none are filled in."""
    host: str = ""
    """The name of the machine that the API server runs on, which it shows by a Lease; "" where there is no need to."""
    load_balancers: LoadBalancers | None = None
    """Who makes load balancers for Services; None where nobody does, or somebody outside."""


def controllers(settings: Settings, features: Features = DEFAULTS) -> tuple[Controller, ...]:
    """Every controller, for `wherry.reconcile.loop.Loops`."""
    signing = () if settings.authority is None else (approver.CONTROLLER, signer.controller(settings.authority))
    legacy = () if settings.token_keys is None else (tokens.controller(settings.token_keys, settings.root_ca),)
    balancing = () if settings.load_balancers is None else (loadbalancer.controller(settings.load_balancers),)
    return (
        *_of_server(settings),
        *balancing,
        *signing,
        *legacy,
        storageversionmigration.CONTROLLER,
        namespace.CONTROLLER,
        serviceaccount.CONTROLLER,
        legacytokens.CONTROLLER,
        rootca.controller(settings.root_ca),
        servingbundle.controller(settings.root_ca),
        clusterrole.CONTROLLER,
        resourcequota.CONTROLLER,
        deployment.CONTROLLER,
        replicaset.REPLICASET,
        replicaset.REPLICATIONCONTROLLER,
        daemonset.CONTROLLER,
        statefulset.CONTROLLER,
        job.CONTROLLER,
        cronjob.CONTROLLER,
        jobttl.CONTROLLER,
        horizontalpodautoscaler.controller(settings.metrics),
        disruption.CONTROLLER,
        staledisruption.CONTROLLER,
        endpointslice.CONTROLLER,
        endpointslicemirroring.CONTROLLER,
        endpoints.CONTROLLER,
        ipaddress.CONTROLLER,
        servicecidr.CONTROLLER,
        ipam.controller(settings.cluster_cidr, settings.node_prefix),
        lifecycle.CONTROLLER,
        eviction.CONTROLLER,
        podgc.CONTROLLER,
        resourceclaim.PODS_CONTROLLER,
        resourceclaim.CLAIMS_CONTROLLER,
        *(devicetaints.controllers(features) if features.has(Gate.DRA_DEVICE_TAINTS) else ()),
        nodettl.CONTROLLER,
        bootstrapsigner.CONTROLLER,
        tokencleaner.CONTROLLER,
        cleaner.CONTROLLER,
        podrequestcleaner.CONTROLLER,
        volumebinder.CONTROLLER,
        volumeprotection.CONTROLLER,
        claimprotection.CONTROLLER,
        expansion.CONTROLLER,
        ephemeralvolume.CONTROLLER,
        attributesclassprotection.CONTROLLER,
        attachdetach.CONTROLLER,
        garbage.CONTROLLER,
    )


def _of_server(settings: Settings) -> tuple[Controller, ...]:
    """The loops that upstream's API server runs itself."""
    publisher = () if settings.address is None else (kubernetes.controller(settings.address),)
    ranges = () if not settings.service_cidrs else (defaultservicecidr.controller(settings.service_cidrs),)
    identity = () if not settings.host else (serveridentity.controller(settings.host), servercollector.CONTROLLER)
    return (
        *publisher,
        *identity,
        *ranges,
        systemnamespaces.CONTROLLER,
        authenticationtrust.controller(settings.root_ca),
        tokentracking.CONTROLLER,
        customresourcedefinition.CONTROLLER,
    )
