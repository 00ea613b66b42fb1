"""Upstream's default roles and bindings, as a table.

One line is one rule: verbs, API groups, resources, and behind `=` the only names it holds for. `core` is the group
without a name, `url` makes it a rule for paths. `READ`, `WRITE`, `CHANGE` and `EVENTS` stand for what occurs all the
time. A role with `from LABEL` has no rules of its own: it is made of the roles that carry the label (`aggregation.py`).

What stands here is Kubernetes' public behaviour, which tools and people rely on by name. `bootstrap.py` makes objects
of it; a cluster's administrator may add to them, and says so with an annotation to take away.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from wherry.api import Obj
from wherry.apiserver.authz.controllerpolicy import CONTROLLER_ROLES

_SETS = {
    "READ": "get,list,watch",
    "WRITE": "create,delete,deletecollection,patch,update",
    "CHANGE": "patch,update",
    "EVERY": "create,delete,deletecollection,get,list,patch,update,watch",
}
_EVENTS = "create,patch,update core,events.k8s.io events"
_AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"

CLUSTER_ROLES = """
cluster-admin
    * * *
    * url *

admin from admin

edit from edit to admin

view from view to edit

system:aggregate-to-admin to admin
    create authorization.k8s.io localsubjectaccessreviews
    EVERY rbac.authorization.k8s.io roles,rolebindings

system:aggregate-to-edit to edit
    READ core pods/attach,pods/proxy,pods/exec,pods/portforward,secrets,services/proxy
    impersonate core serviceaccounts
    WRITE core pods,pods/attach,pods/proxy,pods/exec,pods/portforward
    create core pods/eviction
    CHANGE core pods/resize
    WRITE core replicationcontrollers,replicationcontrollers/scale,serviceaccounts,services,services/proxy
    WRITE core persistentvolumeclaims,configmaps,secrets,events
    create core serviceaccounts/token
    WRITE apps statefulsets,statefulsets/scale,daemonsets,deployments,deployments/scale,deployments/rollback
    WRITE apps replicasets,replicasets/scale
    WRITE autoscaling horizontalpodautoscalers
    WRITE batch jobs,cronjobs
    WRITE extensions daemonsets,deployments,deployments/scale,deployments/rollback,ingresses,networkpolicies
    WRITE extensions replicasets,replicasets/scale,replicationcontrollers/scale
    WRITE policy poddisruptionbudgets
    WRITE networking.k8s.io networkpolicies,ingresses
    EVERY coordination.k8s.io leases
    WRITE resource.k8s.io resourceclaims,resourceclaimtemplates

system:aggregate-to-view to view
    READ core pods,replicationcontrollers,replicationcontrollers/scale,serviceaccounts,services,services/status
    READ core endpoints,persistentvolumeclaims,persistentvolumeclaims/status,configmaps
    READ core limitranges,resourcequotas,bindings,events,pods/status,resourcequotas/status,namespaces/status
    READ core replicationcontrollers/status,pods/log
    READ core namespaces
    READ discovery.k8s.io endpointslices
    READ apps controllerrevisions,statefulsets,statefulsets/status,statefulsets/scale,daemonsets,daemonsets/status
    READ apps deployments,deployments/status,deployments/scale,replicasets,replicasets/status,replicasets/scale
    READ autoscaling horizontalpodautoscalers,horizontalpodautoscalers/status
    READ batch jobs,cronjobs,cronjobs/status,jobs/status
    READ extensions daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,ingresses
    READ extensions ingresses/status,replicasets,replicasets/scale,replicasets/status,replicationcontrollers/scale
    READ extensions networkpolicies
    READ policy poddisruptionbudgets,poddisruptionbudgets/status
    READ networking.k8s.io networkpolicies,ingresses,ingresses/status
    READ resource.k8s.io resourceclaims,resourceclaims/status,resourceclaimtemplates

system:discovery
    get url /livez,/readyz,/healthz,/version,/version/,/openapi,/openapi/*,/api,/api/*,/apis,/apis/*

system:public-info-viewer
    get url /livez,/readyz,/healthz,/version,/version/

system:monitoring
    get url /metrics,/metrics/slis,/livez,/readyz,/healthz,/livez/*,/readyz/*,/healthz/*

system:service-account-issuer-discovery
    get url /.well-known/openid-configuration,/openid/v1/jwks

system:cluster-trust-bundle-discovery
    READ certificates.k8s.io clustertrustbundles

system:basic-user
    create authorization.k8s.io selfsubjectaccessreviews,selfsubjectrulesreviews
    create authentication.k8s.io selfsubjectreviews

system:heapster
    READ core events,pods,nodes,namespaces
    READ extensions deployments

system:node
    create authentication.k8s.io tokenreviews
    create authorization.k8s.io subjectaccessreviews,localsubjectaccessreviews
    READ core services
    create,get,list,watch core nodes
    CHANGE core nodes/status
    CHANGE core nodes
    create,patch,update core events
    READ core pods
    create,delete core pods
    CHANGE core pods/status
    create core pods/eviction
    READ core secrets,configmaps
    get core persistentvolumeclaims,persistentvolumes
    get core endpoints
    create,get,list,watch certificates.k8s.io certificatesigningrequests
    create,delete,get,patch,update coordination.k8s.io leases
    get storage.k8s.io volumeattachments
    create core serviceaccounts/token
    get,patch,update core persistentvolumeclaims/status
    READ storage.k8s.io csidrivers
    create,delete,get,patch,update storage.k8s.io csinodes
    READ node.k8s.io runtimeclasses
    get resource.k8s.io resourceclaims
    deletecollection resource.k8s.io resourceslices
    get core serviceaccounts
    READ certificates.k8s.io clustertrustbundles
    create,get,list,watch certificates.k8s.io podcertificaterequests

system:node-problem-detector
    get core nodes
    patch core nodes/status
    EVENTS

system:node-proxier
    list,watch core services,endpoints
    READ core nodes
    EVENTS
    list,watch discovery.k8s.io endpointslices
    list,watch networking.k8s.io servicecidrs

system:node-bootstrapper
    create,get,list,watch certificates.k8s.io certificatesigningrequests

system:kubelet-api-admin
    READ core nodes
    proxy core nodes
    * core nodes/log,nodes/metrics,nodes/proxy,nodes/stats,nodes/configz,nodes/healthz,nodes/pods

system:auth-delegator
    create authentication.k8s.io tokenreviews
    create authorization.k8s.io subjectaccessreviews

system:kube-aggregator
    READ core services,endpoints

system:kube-controller-manager
    EVENTS
    create coordination.k8s.io leases
    get,update coordination.k8s.io leases = kube-controller-manager
    create core secrets,serviceaccounts
    delete core secrets
    get core namespaces,secrets,serviceaccounts,configmaps
    update core secrets,serviceaccounts
    create authentication.k8s.io tokenreviews
    create authorization.k8s.io subjectaccessreviews
    list,watch * *
    create core serviceaccounts/token

system:kube-scheduler
    EVENTS
    create coordination.k8s.io leases
    get,update coordination.k8s.io leases = kube-scheduler
    READ core nodes
    delete,get,list,watch core pods
    create core bindings,pods/binding
    CHANGE core pods/status
    READ core replicationcontrollers,services
    READ apps,extensions replicasets
    READ apps statefulsets
    READ policy poddisruptionbudgets
    READ core persistentvolumeclaims,persistentvolumes
    create authentication.k8s.io tokenreviews
    create authorization.k8s.io subjectaccessreviews
    READ storage.k8s.io csinodes
    READ core namespaces
    READ storage.k8s.io csidrivers
    READ storage.k8s.io csistoragecapacities
    READ storage.k8s.io volumeattachments
    READ resource.k8s.io deviceclasses
    READ resource.k8s.io resourceclaims
    CHANGE resource.k8s.io resourceclaims
    CHANGE resource.k8s.io resourceclaims/status,resourceclaims/binding
    READ resource.k8s.io resourceslices
    READ resource.k8s.io devicetaintrules

system:kube-dns
    list,watch core endpoints,services

system:persistent-volume-provisioner
    create,delete,get,list,watch core persistentvolumes
    get,list,update,watch core persistentvolumeclaims
    READ storage.k8s.io storageclasses
    watch core events
    EVENTS

system:volume-scheduler
    get,list,patch,update,watch core persistentvolumes
    READ storage.k8s.io storageclasses
    get,list,patch,update,watch core persistentvolumeclaims

system:certificates.k8s.io:certificatesigningrequests:nodeclient
    create certificates.k8s.io certificatesigningrequests/nodeclient

system:certificates.k8s.io:certificatesigningrequests:selfnodeclient
    create certificates.k8s.io certificatesigningrequests/selfnodeclient

system:certificates.k8s.io:kube-apiserver-client-approver
    approve certificates.k8s.io signers = kubernetes.io/kube-apiserver-client

system:certificates.k8s.io:kube-apiserver-client-kubelet-approver
    approve certificates.k8s.io signers = kubernetes.io/kube-apiserver-client-kubelet

system:certificates.k8s.io:kubelet-serving-approver
    approve certificates.k8s.io signers = kubernetes.io/kubelet-serving

system:certificates.k8s.io:legacy-unknown-approver
    approve certificates.k8s.io signers = kubernetes.io/legacy-unknown
"""

CLUSTER_BINDINGS = """
cluster-admin : group system:masters
system:monitoring : group system:monitoring
system:discovery : group system:authenticated
system:basic-user : group system:authenticated
system:public-info-viewer : group system:authenticated, group system:unauthenticated
system:service-account-issuer-discovery : group system:serviceaccounts
system:cluster-trust-bundle-discovery : group system:serviceaccounts
system:node-proxier : user system:kube-proxy
system:kube-controller-manager : user system:kube-controller-manager
system:kube-dns : account kube-dns
system:kube-scheduler : user system:kube-scheduler
system:volume-scheduler : user system:kube-scheduler
system:node :
"""

ROLES = """
kube-public system:controller:bootstrap-signer
    READ core configmaps
    update core configmaps = cluster-info
    EVENTS

kube-system extension-apiserver-authentication-reader
    READ core configmaps = extension-apiserver-authentication

kube-system system::leader-locking-kube-controller-manager
    create,get,list,update,watch coordination.k8s.io leases
    create,get,list,update,watch coordination.k8s.io leasecandidates

kube-system system::leader-locking-kube-scheduler
    create,get,list,update,watch coordination.k8s.io leases
    create,get,list,update,watch coordination.k8s.io leasecandidates

kube-system system:controller:bootstrap-signer
    READ core secrets

kube-system system:controller:cloud-provider
    create,get,list,watch core configmaps

kube-system system:controller:token-cleaner
    delete,get,list,watch core secrets
    EVENTS
"""

BINDINGS = """
kube-public system:controller:bootstrap-signer : account bootstrap-signer
kube-system system::extension-apiserver-authentication-reader extension-apiserver-authentication-reader : \
user system:kube-controller-manager, user system:kube-scheduler
kube-system system::leader-locking-kube-controller-manager : user system:kube-controller-manager, \
account kube-controller-manager
kube-system system::leader-locking-kube-scheduler : user system:kube-scheduler, account kube-scheduler
kube-system system:controller:bootstrap-signer : account bootstrap-signer
kube-system system:controller:cloud-provider : account cloud-provider
kube-system system:controller:token-cleaner : account token-cleaner
"""

JOIN_BINDINGS = """
wherry:node-bootstrapper system:node-bootstrapper : group system:bootstrappers
wherry:node-autoapprove-bootstrap system:certificates.k8s.io:certificatesigningrequests:nodeclient : \
group system:bootstrappers
wherry:node-autoapprove-certificate-rotation system:certificates.k8s.io:certificatesigningrequests:selfnodeclient : \
group system:nodes
wherry:node-proxier system:node-proxier : group system:nodes
"""
"""Not upstream's own but what every installer adds: nodes join with a token, renew their certificates, and see where
other nodes' pods and the Services are, since an agent routes to them under its node's name."""


class PolicyRole(Struct, frozen=True):
    """A default role."""

    name: str
    namespace: str
    rules: tuple[Obj, ...]
    aggregates: str = ""
    labels: tuple[str, ...] = ()


class PolicyBinding(Struct, frozen=True):
    """A default binding."""

    name: str
    namespace: str
    role: str
    subjects: tuple[Obj, ...]


def cluster_roles() -> Iterator[PolicyRole]:
    yield from _roles(CLUSTER_ROLES)
    for role in _roles(CONTROLLER_ROLES):
        yield PolicyRole(f"system:controller:{role.name}", "", role.rules)


def cluster_bindings() -> Iterator[PolicyBinding]:
    yield from _bindings(CLUSTER_BINDINGS)
    for role in _roles(CONTROLLER_ROLES):
        name = f"system:controller:{role.name}"
        yield PolicyBinding(name, "", name, (_subject(f"account {role.name}"),))
    yield from _bindings(JOIN_BINDINGS)


def namespace_roles() -> Iterator[PolicyRole]:
    return _roles(ROLES, namespaced=True)


def namespace_bindings() -> Iterator[PolicyBinding]:
    return _bindings(BINDINGS, namespaced=True)


def _roles(table: str, *, namespaced: bool = False) -> Iterator[PolicyRole]:
    for paragraph in table.strip().split("\n\n"):
        head, *lines = paragraph.strip().split("\n")
        words = head.split()
        namespace = words.pop(0) if namespaced else ""
        options = dict(zip(words[1::2], words[2::2], strict=True))
        yield PolicyRole(
            name=words[0],
            namespace=namespace,
            rules=tuple(_rule(line) for line in lines),
            aggregates=_AGGREGATE + options["from"] if "from" in options else "",
            labels=(_AGGREGATE + options["to"],) if "to" in options else (),
        )


def _rule(line: str) -> Obj:
    """Lists are sorted, as upstream writes them."""
    text, _, names = (_EVENTS if line.strip() == "EVENTS" else line).partition("=")
    verbs, groups, targets = text.split()
    rule: Obj = {"verbs": sorted(_SETS.get(verbs, verbs).split(","))}
    if groups == "url":
        return {"nonResourceURLs": sorted(targets.split(",")), **rule}
    head: Obj = {"apiGroups": sorted("" if group == "core" else group for group in groups.split(","))}
    if names:
        head["resourceNames"] = sorted(names.replace(",", " ").split())
    return {**head, "resources": sorted(targets.split(",")), **rule}


def _bindings(table: str, *, namespaced: bool = False) -> Iterator[PolicyBinding]:
    for line in table.strip().split("\n"):
        head, _, subjects = line.partition(" :")
        words = head.split()
        namespace = words.pop(0) if namespaced else ""
        parsed = tuple(_subject(part) for part in subjects.split(",") if part.strip())
        yield PolicyBinding(words[0], namespace, words[-1], parsed)


def _subject(text: str) -> Obj:
    kind, name = text.split()
    if kind == "account":
        return {"kind": "ServiceAccount", "name": name, "namespace": "kube-system"}
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": kind.capitalize(), "name": name}
