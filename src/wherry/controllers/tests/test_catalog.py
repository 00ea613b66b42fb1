from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import cast

from wherry.controllers.catalog import Settings, controllers
from wherry.controllers.core.kubernetes.controller import Address
from wherry.controllers.core.loadbalancer import LoadBalancers
from wherry.controllers.drawing import contested
from wherry.identity.keys import TokenKeys, fresh_key
from wherry.identity.pair import Pair


def _pair() -> Pair:
    return Pair(Path("ca.crt"), Path("ca.key"))


ALL = controllers(
    Settings(
        root_ca=lambda: "",
        address=Address("10.43.0.1", "192.0.2.2", 6443),
        authority=_pair,
        token_keys=TokenKeys(fresh_key),
        host="host",
        service_cidrs=("10.43.0.0/16",),
        load_balancers=cast("LoadBalancers", object()),
    )
)

AGREED = {
    "pods/status.conditions[DisruptionTarget]": "whoever ends a Pod says why, and why not after all",
    "resourceclaims.resource.k8s.io/status.reservedFor": "added when a Pod needs a claim, removed when it is done",
}
"""What several write after all, and why that goes well."""

UPSTREAM = frozenset(
    {
        "bootstrap-signer-controller",
        "certificatesigningrequest-approving-controller",
        "certificatesigningrequest-cleaner-controller",
        "certificatesigningrequest-signing-controller",
        "clusterrole-aggregation-controller",
        "cronjob-controller",
        "daemonset-controller",
        "deployment-controller",
        "device-taint-eviction-controller",
        "disruption-controller",
        "endpoints-controller",
        "endpointslice-controller",
        "endpointslice-mirroring-controller",
        "ephemeral-volume-controller",
        "garbage-collector-controller",
        "horizontal-pod-autoscaler-controller",
        "job-controller",
        "kube-apiserver-serving-clustertrustbundle-publisher-controller",
        "legacy-serviceaccount-token-cleaner-controller",
        "namespace-controller",
        "node-ipam-controller",
        "node-lifecycle-controller",
        "persistentvolume-attach-detach-controller",
        "persistentvolume-binder-controller",
        "persistentvolume-expander-controller",
        "persistentvolume-protection-controller",
        "persistentvolumeclaim-protection-controller",
        "pod-garbage-collector-controller",
        "podcertificaterequest-cleaner-controller",
        "replicaset-controller",
        "replicationcontroller-controller",
        "resourceclaim-controller",
        "resourcequota-controller",
        "root-ca-certificate-publisher-controller",
        "selinux-warning-controller",
        "service-cidr-controller",
        "service-lb-controller",
        "serviceaccount-controller",
        "serviceaccount-token-controller",
        "statefulset-controller",
        "storage-version-migrator-controller",
        "storageversion-garbage-collector-controller",
        "taint-eviction-controller",
        "token-cleaner-controller",
        "ttl-after-finished-controller",
        "ttl-controller",
        "validatingadmissionpolicy-status-controller",
        "volumeattributesclass-protection-controller",
        "cluster-authentication-trust-controller",
        "kube-apiserver-identity-lease-controller",
        "kube-apiserver-identity-lease-garbage-collector",
        "kubernetes-service-controller",
        "legacy-token-tracking-controller",
        "system-namespaces-controller",
        "kubernetes-service-cidr-controller",
    }
)
"""What upstream's controller manager can run, but for those of a cloud's nodes and routes; then what its API server
runs beside its requests. What is made once, at the start (roles, priority classes), is no loop here."""

CALLED = {"endpoints-controller": "endpoint-controller", "replicationcontroller-controller": "replication-controller"}
"""Those that have here the name under which upstream's tell Events."""

LEFT_OUT = {
    "selinux-warning-controller": "off upstream, unless it is asked for by name",
    "storageversion-garbage-collector-controller": "of an API that is alpha",
    "validatingadmissionpolicy-status-controller": "policies are not evaluated",
}


def test_all_of_upstreams_loops_are_here_but_those_with_a_reason() -> None:
    ours = {controller.name for controller in ALL}
    missing = {name for name in UPSTREAM if CALLED.get(name, name) not in ours}
    assert missing == LEFT_OUT.keys()
    assert set(CALLED.values()) <= ours


def test_names_are_given_once() -> None:
    assert max(Counter(controller.name for controller in ALL).values()) == 1


def test_no_two_controllers_write_the_same_fields() -> None:
    found = [each for each in contested(ALL) if not {each[1], each[3]} & AGREED.keys()]
    assert found == []


def test_what_was_agreed_upon_is_still_needed() -> None:
    terms = {term for each in contested(ALL) for term in (each[1], each[3])}
    assert AGREED.keys() <= terms
