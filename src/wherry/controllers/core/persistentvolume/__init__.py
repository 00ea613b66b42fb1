"""Binds claims and volumes to each other, and decides what becomes of volumes whose claim is gone.

1. `plan_claim` (`plan/claim.py`): an unbound claim gets the volume it names, the best that is free, a provisioner's
   attention, or an Event that says what it waits for; a bound one is kept whole or declared lost
2. `plan_volume` (`plan/volume.py`): a volume is available, bound, released, taken back or to be deleted
3. `controller.py` gathers what the plans look at; `writing.py` writes what they say, the volume's side first;
   `recycling.py` has a Pod remove what is on a volume

`protection.py` is the controller behind the finalizer `pv-protection`, `indexes.py` what everybody looks things up by.

Read `plan/claim.py` first. Which volume suits which claim is told in `api/core/volumematching.py`, since the scheduler
asks that too. Every write names the version it was decided on, so two binders cannot give one volume to two claims:
one of them gets a conflict and looks again. A claim that got its volume elsewhere meanwhile leaves a volume behind
that was bound for it; `plan_volume` takes it back.
"""
