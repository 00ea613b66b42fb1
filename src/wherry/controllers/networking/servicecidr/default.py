"""Keeps the ServiceCIDR `kubernetes`, which stands for the ranges that the server was started with.

It is made again when somebody deleted it, and gets a second family that the server has since; what else it says is
left as it is and complained about once, since Services may have addresses from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wherry.api import errors
from wherry.api.networking.servicecidr import SERVICECIDRS
from wherry.api.types.networking_v1 import ServiceCIDR
from wherry.client import Key
from wherry.controllers.networking.servicecidr.plan import DEFAULT_NAME
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

KEY = Key("", DEFAULT_NAME)


class State:
    """Whether it was said of the object with this UID that it says something else."""

    __slots__ = ("blamed",)

    def __init__(self) -> None:
        self.blamed = ""


def start(deps: Deps) -> State:
    deps.enqueue(KEY)
    return State()


async def reconcile(key: Key, deps: Deps) -> Result:
    present = deps.client.informer(SERVICECIDRS, ServiceCIDR).get(KEY)
    wanted: Sequence[str] = deps.settings["cidrs"]
    if present is None:
        await _create(wanted, deps)
    elif present.metadata.deletion_timestamp is not None or list(present.spec.cidrs) == list(wanted):
        return DONE
    elif len(wanted) == 2 and list(present.spec.cidrs) == [wanted[0]]:
        await _extend(present, wanted, deps)
    else:
        _blame(present, wanted, deps)
    return DONE


async def _create(cidrs: Sequence[str], deps: Deps) -> None:
    obj = {
        "apiVersion": SERVICECIDRS.api_version,
        "kind": SERVICECIDRS.kind,
        "metadata": {"name": DEFAULT_NAME},
        "spec": {"cidrs": list(cidrs)},
    }
    try:
        await deps.client.create(SERVICECIDRS, obj)
    except errors.AlreadyExists:
        return


async def _extend(present: ServiceCIDR, cidrs: Sequence[str], deps: Deps) -> None:
    patch = {"metadata": {"resourceVersion": present.metadata.resource_version}, "spec": {"cidrs": list(cidrs)}}
    try:
        await deps.client.patch(SERVICECIDRS, DEFAULT_NAME, patch)
    except (errors.Invalid, errors.Forbidden) as error:
        why = f"can not be upgraded from {cidrs[0]} to dual stack {_list(cidrs)} : {error.message}"
        deps.events.event(present, "Warning", "KubernetesDefaultServiceCIDRError", f"The default ServiceCIDR {why}")


def _blame(present: ServiceCIDR, cidrs: Sequence[str], deps: Deps) -> None:
    state: State = deps.state
    if state.blamed == present.metadata.uid:
        return
    state.blamed = present.metadata.uid
    what = f"{_list(present.spec.cidrs)} does not match the controller flag configurations {_list(cidrs)}"
    reason = "KubernetesDefaultServiceCIDRInconsistent"
    deps.events.event(present, "Warning", reason, f"The default ServiceCIDR {what}")


def _list(cidrs: Sequence[str]) -> str:
    return f"[{' '.join(cidrs)}]"


def _key(old: ServiceCIDR | None, new: ServiceCIDR | None, deps: Deps) -> Iterable[Key]:
    view = new or old
    if view is not None and view.metadata.name == DEFAULT_NAME:
        yield KEY


def controller(cidrs: Sequence[str]) -> Controller:
    """`cidrs` are the ranges of the server, its own family first."""
    return Controller(
        name="kubernetes-service-cidr-controller",
        reconciles=SERVICECIDRS,
        view=ServiceCIDR,
        reconcile=reconcile,
        hears_own=False,
        reads=(Watch(SERVICECIDRS, ServiceCIDR, _key),),
        writes=(f"servicecidrs.networking.k8s.io[{DEFAULT_NAME}]",),
        start=start,
        workers=1,
        settings={"cidrs": tuple(cidrs)},
        manager="kube-apiserver",
    )
