"""Makes, reserves, frees and deletes ResourceClaims."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wherry.api import Obj, errors
from wherry.api.core.claims import claim_name
from wherry.api.core.pod import PODS
from wherry.api.dra.resourceclaim import RESOURCECLAIMS
from wherry.api.dra.resourceclaimtemplate import RESOURCECLAIMTEMPLATES
from wherry.api.types.core_v1 import Pod, PodResourceClaim
from wherry.api.types.decoding import convert
from wherry.api.types.resource_v1 import ResourceClaim, ResourceClaimTemplate
from wherry.client import Client, Key
from wherry.controllers.dra.resourceclaim import plan
from wherry.controllers.ownership import controller_of, key_of
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

_MANAGER = "ResourceClaimController"
_BY_CLAIM, _BY_TEMPLATE, _BY_POD = "resource-claim", "resource-claim-template", "pod-of-resource-claim"


async def reconcile_pod(key: Key, deps: Deps) -> Result:
    pod = deps.client.informer(PODS, Pod).get(key)
    if pod is None or pod.metadata.deletion_timestamp is not None or plan.is_done(pod):
        return DONE
    claims = _named_claims(pod, deps.client)
    names: dict[str, str] = {}
    for lack in plan.lacking(pod, claims):
        try:
            names[lack.claim.name] = await _make(deps, pod, lack.claim, lack.template)
        except errors.ApiError as error:
            message = f"PodResourceClaim {lack.claim.name}: {error.message}"
            deps.events.event(pod, "Warning", "FailedResourceClaimCreation", message)
            raise
    if names:
        await _tell_pod(deps.client, pod, names)
    for claim in claims.values():
        if plan.wants_reservation(pod, claim) and _is_meant(pod, claim):
            await _reserve(deps.client, pod, claim)
    return DONE


async def reconcile_claim(key: Key, deps: Deps) -> Result:
    client = deps.client
    claim = client.informer(RESOURCECLAIMS, ResourceClaim).get(key)
    if claim is None:
        return DONE
    kept = [one for one in claim.status.reserved_for if await _may_hold(client, key.namespace, one)]
    is_protected = plan.FINALIZER in claim.metadata.finalizers
    if len(kept) < len(claim.status.reserved_for):
        await _free(client, claim, {one.uid for one in kept}, gives_back=is_protected and not kept)
    elif is_protected and claim.metadata.deletion_timestamp is not None and not kept:
        await _free(client, claim, set(), gives_back=True)
    owner = plan.owning_pod(claim)
    if not kept and owner is not None:
        pod = client.informer(PODS, Pod).get(Key(key.namespace, owner[0]))
        if plan.is_unneeded(claim, pod):
            try:
                await client.delete(RESOURCECLAIMS, key.name, key.namespace, uid=claim.metadata.uid)
            except errors.NotFound:
                return DONE
    return DONE


def _named_claims(pod: Pod, client: Client) -> dict[str, ResourceClaim]:
    informer = client.informer(RESOURCECLAIMS, ResourceClaim)
    found = {}
    for one in pod.spec.resource_claims:
        name = claim_name(one, pod.status)
        if isinstance(name, str) and (claim := informer.get(Key(pod.metadata.namespace, name))) is not None:
            found[name] = claim
    return found


def _is_meant(pod: Pod, claim: ResourceClaim) -> bool:
    """Whether a claim that the Pod's status names is the Pod's; one that its spec names is whoever's it is."""
    if any(one.resource_claim_name == claim.metadata.name for one in pod.spec.resource_claims):
        return True
    owner = plan.owning_pod(claim)
    return owner is not None and owner[1] == pod.metadata.uid


async def _make(deps: Deps, pod: Pod, claim: PodResourceClaim, template_name: str) -> str:
    """The name of a claim made for the Pod: now, or before its status could say so."""
    client, namespace = deps.client, pod.metadata.namespace
    made: dict[tuple[str, str], str] = deps.state
    for candidate in client.informer(RESOURCECLAIMS, ResourceClaim).by_index(_BY_POD, pod.metadata.uid):
        if plan.made_for(claim, candidate, pod.metadata):
            return candidate.metadata.name
    known = made.get((pod.metadata.uid, claim.name))
    if known is not None and await _exists(client, known, namespace):
        return known
    template = client.informer(RESOURCECLAIMTEMPLATES, ResourceClaimTemplate).get(Key(namespace, template_name))
    if template is None:
        text = f'resourceclaimtemplate.resource.k8s.io "{template_name}" not found'
        raise errors.NotFound(f'resource claim template "{template_name}": {text}')
    plain = await client.get(RESOURCECLAIMTEMPLATES, template_name, namespace)
    spec = (plain.get("spec") or {}).get("spec") or {}
    try:
        created = await client.create(RESOURCECLAIMS, plan.claim_from_template(pod, claim, template, spec), namespace)
    except errors.ApiError as error:
        raise type(error)(f"create ResourceClaim : {error.message}") from error
    name: str = created["metadata"]["name"]
    made[pod.metadata.uid, claim.name] = name
    return name


async def _exists(client: Client, name: str, namespace: str) -> bool:
    try:
        await client.get(RESOURCECLAIMS, name, namespace)
    except errors.NotFound:
        return False
    return True


async def _tell_pod(client: Client, pod: Pod, names: dict[str, str]) -> None:
    """Have the Pod's status name the claims that were made for it."""
    statuses = []
    for one in pod.spec.resource_claims:
        name = names.get(one.name) or claim_name(one, pod.status)
        if one.resource_claim_template_name and isinstance(name, str):
            statuses.append({"name": one.name, "resourceClaimName": name})
    applied: Obj = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": pod.metadata.name, "namespace": pod.metadata.namespace, "uid": pod.metadata.uid},
        "status": {"resourceClaimStatuses": statuses},
    }
    await client.apply(PODS, applied, manager=_MANAGER, force=True, subresource="status")


async def _reserve(client: Client, pod: Pod, claim: ResourceClaim) -> None:
    fresh = await client.get(RESOURCECLAIMS, claim.metadata.name, claim.metadata.namespace)
    if not plan.wants_reservation(pod, convert(ResourceClaim, fresh)):
        return
    consumer = {"resource": "pods", "name": pod.metadata.name, "uid": pod.metadata.uid}
    fresh["status"]["reservedFor"] = [*(fresh["status"].get("reservedFor") or ()), consumer]
    await client.update(RESOURCECLAIMS, fresh, subresource="status")


async def _may_hold(client: Client, namespace: str, consumer: Any) -> bool:
    """Our own picture may be old: that a Pod is not there is asked of the API itself."""
    if not plan.is_pod(consumer):
        return True
    pod = client.informer(PODS, Pod).get(Key(namespace, consumer.name))
    if pod is None:
        try:
            pod = convert(Pod, await client.get(PODS, consumer.name, namespace))
        except errors.NotFound:
            return False
    return plan.may_hold(consumer, pod)


async def _free(client: Client, claim: ResourceClaim, kept: set[str], *, gives_back: bool) -> None:
    """Leave only `kept` as holders; without any, what was allocated is given back, and the finalizer with it."""
    fresh = await client.get(RESOURCECLAIMS, claim.metadata.name, claim.metadata.namespace)
    if fresh["metadata"]["resourceVersion"] != claim.metadata.resource_version:
        raise errors.Conflict("the claim has changed since it was looked at")
    status = fresh.setdefault("status", {})
    holders = [one for one in status.get("reservedFor") or () if one.get("uid") in kept]
    changes = len(holders) < len(status.get("reservedFor") or ())
    status["reservedFor"] = holders
    if gives_back and not holders and status.get("allocation") is not None:
        del status["allocation"]
        changes = True
    if changes:
        fresh = await client.update(RESOURCECLAIMS, fresh, subresource="status")
    finalizers = fresh["metadata"].get("finalizers") or []
    if plan.FINALIZER in finalizers and (fresh.get("status") or {}).get("allocation") is None:
        fresh["metadata"]["finalizers"] = [one for one in finalizers if one != plan.FINALIZER]
        await client.update(RESOURCECLAIMS, fresh)


def _pods_of_pod(old: Pod | None, new: Pod | None, deps: Deps) -> Iterable[Key]:
    if new is None:
        if old is not None and old.spec.resource_claims:
            for one in old.spec.resource_claims:
                deps.state.pop((old.metadata.uid, one.name), None)
        return ()
    return (key_of(new.metadata),) if new.spec.resource_claims else ()


def _pods_of_template(old: Any, new: Any, deps: Deps) -> Iterable[Key]:
    return () if new is None else _pods_by(_BY_TEMPLATE, new, deps)


def _pods_of_claim(old: Any, new: Any, deps: Deps) -> Iterable[Key]:
    return _pods_by(_BY_CLAIM, new if new is not None else old, deps)


def _pods_by(index: str, view: Any, deps: Deps) -> Iterable[Key]:
    informer = deps.client.informer(PODS, Pod)
    return [key_of(pod.metadata) for pod in informer.by_index(index, str(key_of(view.metadata)))]


def _claims_of_pod(old: Pod | None, new: Pod | None, deps: Deps) -> Iterable[Key]:
    """The claims that a Pod needs no more."""
    pod = new if new is not None else old
    assert pod is not None
    if new is not None and not plan.is_done(new):
        return ()
    return [Key(pod.metadata.namespace, name) for name in _names(pod)]


def _names(pod: Pod) -> list[str]:
    if not pod.spec.resource_claims and pod.status.extended_resource_claim_status is None:
        return []
    names = [claim_name(one, pod.status) for one in pod.spec.resource_claims]
    found = [name for name in names if isinstance(name, str)]
    if (extended := pod.status.extended_resource_claim_status) is not None:
        found.append(extended.resource_claim_name)
    return found


def _start_pods(deps: Deps) -> dict[tuple[str, str], str]:
    pods = deps.client.informer(PODS, Pod)
    pods.add_index(_BY_CLAIM, lambda pod: [f"{pod.metadata.namespace}/{name}" for name in _names(pod)])
    pods.add_index(
        _BY_TEMPLATE,
        lambda pod: [
            f"{pod.metadata.namespace}/{one.resource_claim_template_name}"
            for one in pod.spec.resource_claims
            if one.resource_claim_template_name
        ],
    )
    deps.client.informer(RESOURCECLAIMS, ResourceClaim).add_index(_BY_POD, _owner)
    return {}


def _owner(claim: ResourceClaim) -> Iterable[str]:
    owner = controller_of(claim.metadata)
    return (owner.uid,) if owner is not None else ()


PODS_CONTROLLER = Controller(
    name="pod-resourceclaim-controller",
    reconciles=PODS,
    view=Pod,
    reconcile=reconcile_pod,
    reads=(
        Watch(PODS, Pod, _pods_of_pod),
        Watch(RESOURCECLAIMTEMPLATES, ResourceClaimTemplate, _pods_of_template),
        Watch(RESOURCECLAIMS, ResourceClaim, _pods_of_claim),
    ),
    writes=(
        "resourceclaims.resource.k8s.io",
        "resourceclaims.resource.k8s.io/status.reservedFor",
        "pods/status.resourceClaimStatuses",
    ),
    start=_start_pods,
    component="resource_claim",
    hears_own=False,
)
CLAIMS_CONTROLLER = Controller(
    name="resourceclaim-controller",
    reconciles=RESOURCECLAIMS,
    view=ResourceClaim,
    reconcile=reconcile_claim,
    reads=(Watch(PODS, Pod, _claims_of_pod),),
    writes=("resourceclaims.resource.k8s.io/metadata.finalizers[protection]", "resourceclaims.resource.k8s.io/status"),
    component="resource_claim",
)
