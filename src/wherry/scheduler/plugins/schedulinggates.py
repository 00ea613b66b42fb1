"""A Pod with scheduling gates is not tried (upstream: SchedulingGates)."""

from __future__ import annotations

from wherry.scheduler.model import PodInfo
from wherry.scheduler.rules import PENDING_POD, Action, Hint, Plugin, Refusal


def gate(pod: PodInfo) -> Refusal | None:
    if not pod.gates:
        return None
    return Refusal((f"waiting for scheduling gates: [{' '.join(pod.gates)}]",), is_lasting=True)


SCHEDULING_GATES = Plugin("SchedulingGates", gate=gate, hints=(Hint(PENDING_POD, Action.GATES),))
