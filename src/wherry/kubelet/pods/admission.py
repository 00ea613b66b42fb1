"""Whether a pod that was bound to a node can run there. Pure, and the same for real nodes and for simulated ones.

The scheduler has decided before; but pods may be bound by hand, and two decisions may have crossed. Checks, reasons and
messages are upstream's (`pkg/kubelet/lifecycle`), since controllers and people know them. Of all that stands against a
pod, the first is told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field

from wherry.api.core import sysctls
from wherry.api.core.placement import allows, untolerated
from wherry.api.core.podfeatures import required_features
from wherry.api.types.core_v1 import Pod, Taint
from wherry.kubelet.pods.preempting import NoVictims, is_critical, victims
from wherry.kubelet.pods.resources import is_static
from wherry.kubelet.pods.room import Shortage, Taken, host_ports
from wherry.kubelet.pods.status import REJECTED, Verdict

_OS, _OS_LABEL = "linux", "kubernetes.io/os"


class Premises(Struct, frozen=True):
    """A node as pods meet it at the door; `allocatable` in the units of `pod_requests`, `pods` among it."""

    name: str
    allocatable: Mapping[str, int]
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: Sequence[Taint] = ()
    features: Collection[str] = ()
    """What its kubelet declares to know."""


class Refused(Struct, frozen=True):
    """A pod may not run here. The Event has the message as it is, the status says that it is a rejection."""

    reason: str
    message: str

    @property
    def verdict(self) -> Verdict:
        return Verdict("Failed", self.reason, REJECTED + self.message, is_refusal=True)


class Admitted(Struct, frozen=True):
    """A pod may run here, once these have been ended for it: there are some only if it is critical."""

    victims: Sequence[Pod] = ()


def admit(pod: Pod, taken: Taken, node: Premises, others: Callable[[], Iterable[Pod]]) -> Refused | Admitted:
    """Judge a pod that is new here. `others` are asked for if some must end for it: those that `taken` counts."""
    if (refused := _forbidden(pod) or _foreign(pod) or _unknown(pod, node)) is not None:
        return refused
    shortages = list(taken.shortages(pod, node.allocatable))
    misfits = list(_misfits(pod, taken, node))
    if shortages and is_critical(pod):
        return misfits[0] if misfits else _make_room(pod, others, shortages)
    if shortages:
        return Refused(f"OutOf{shortages[0].resource}", str(shortages[0]))
    return misfits[0] if misfits else Admitted()


def has_other_labels(answer: Refused | Admitted) -> bool:
    """Whether it fails for the node's labels: those that the caller knows may be old ones."""
    return isinstance(answer, Refused) and answer.reason == "NodeAffinity"


def _forbidden(pod: Pod) -> Refused | None:
    """Sets a parameter of the kernel that others would feel."""
    spec = pod.spec
    for each in spec.security_context.sysctls if spec.security_context is not None else ():
        if why := sysctls.fault(each.name, host_network=bool(spec.host_network), host_ipc=bool(spec.host_ipc)):
            return Refused("SysctlForbidden", f"forbidden sysctl: {why}")
    return None


def _unknown(pod: Pod, node: Premises) -> Refused | None:
    """Asks for what this kubelet does not declare to know."""
    if missing := required_features(pod.spec) - {*node.features}:
        told = ", ".join(sorted(missing))
        return Refused("PodFeatureUnsupported", f"Pod requires node features that are not available: {told}")
    return None


def _foreign(pod: Pod) -> Refused | None:
    """Made for another system."""
    if pod.metadata.labels.get(_OS_LABEL, _OS) != _OS:
        text = f"Failed to admit pod as the `{_OS_LABEL}` label doesn't match node label"
        return Refused("PodOSSelectorNodeLabelDoesNotMatch", text)
    if pod.spec.os is not None and pod.spec.os.name != _OS:
        return Refused("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS")
    return None


def _misfits(pod: Pod, taken: Taken, node: Premises) -> Iterator[Refused]:
    if not allows(pod.spec.node_selector, pod.spec.affinity, node.labels, node.name):
        yield _failed("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")
    if any(taken.is_taken(port) for port in host_ports(pod)):
        yield _failed("NodePorts", "node(s) didn't have free ports for the requested pod ports")
    is_guest = node.taints and not is_static(pod)
    if is_guest and untolerated(node.taints, pod.spec.tolerations, ("NoExecute",)) is not None:
        yield _failed("TaintToleration", "node(s) had taints that the pod didn't tolerate")


def _failed(predicate: str, why: str) -> Refused:
    return Refused(predicate, f"Predicate {predicate} failed: {why}")


def _make_room(pod: Pod, others: Callable[[], Iterable[Pod]], shortages: Iterable[Shortage]) -> Refused | Admitted:
    try:
        return Admitted(victims(pod, others(), {each.resource: each.missing for each in shortages}))
    except NoVictims as why:
        text = f"preemption: error finding a set of pods to preempt: {why}"
        message = f"Unexpected error while attempting to recover from admission failure: {text}"
        return Refused("UnexpectedAdmissionError", message)
