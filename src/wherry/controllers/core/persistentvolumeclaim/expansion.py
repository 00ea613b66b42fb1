"""Says of a claim that was told to grow who is waited for: no volume here is grown by the control plane itself.

Volumes of CSI drivers grow by the driver's own resizer, which then writes what became of it; the API's rules for
`status.allocatedResources` and `status.capacity` are all that it needs.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.volumematching import requested
from wherry.api.meta.quantity import parse_quantity
from wherry.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim
from wherry.client import Informer, Key
from wherry.controllers.ownership import key_of
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

WAITING = "didn't find a plugin capable of expanding the volume; waiting for an external controller to process this PVC"


class State(Struct, frozen=True):
    claims: Informer[PersistentVolumeClaim]
    volumes: Informer[PersistentVolume]


def start(deps: Deps) -> State:
    client = deps.client
    return State(
        client.informer(PERSISTENTVOLUMECLAIMS, PersistentVolumeClaim),
        client.informer(PERSISTENTVOLUMES, PersistentVolume),
    )


async def reconcile(key: Key, deps: Deps) -> Result:
    state: State = deps.state
    claim = state.claims.get(key)
    if claim is None or not is_to_grow(claim):
        return DONE
    volume = state.volumes.get(Key("", claim.spec.volume_name or ""))
    reference = volume.spec.claim_ref if volume is not None else None
    if volume is None or reference is None or reference.uid != claim.metadata.uid:
        return DONE
    severity = "Normal" if volume.spec.csi is not None or volume.spec.flex_volume is not None else "Warning"
    deps.events.event(claim, severity, "ExternalExpanding", WAITING)
    return DONE


def is_to_grow(claim: PersistentVolumeClaim) -> bool:
    """Whether the claim is bound and asks for more than it has."""
    if claim.status.phase != "Bound":
        return False
    return parse_quantity(claim.status.capacity.get("storage", "0")) < requested(claim)


def _claim_changed(old: PersistentVolumeClaim | None, new: PersistentVolumeClaim | None, _: Deps) -> Iterable[Key]:
    """It is to be larger than before, or it was when nobody looked."""
    if new is None or not is_to_grow(new):
        return ()
    return () if old is not None and is_to_grow(old) and requested(old) == requested(new) else (key_of(new.metadata),)


CONTROLLER = Controller(
    name="persistentvolume-expander-controller",
    component="volume_expand",
    reconciles=PERSISTENTVOLUMECLAIMS,
    view=PersistentVolumeClaim,
    reconcile=reconcile,
    reads=(Watch(PERSISTENTVOLUMECLAIMS, PersistentVolumeClaim, _claim_changed),),
    start=start,
    hears_own=False,
)
