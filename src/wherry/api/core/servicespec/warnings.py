"""What of a Service is ignored or ill spelt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wherry.api import Obj
from wherry.api.core.servicespec.needs import Spec, is_headless
from wherry.api.meta.addresses import warn_of_cidr, warn_of_ip

_HINTS = "service.kubernetes.io/topology-aware-hints"
_IGNORED = "is ignored for headless services"


def warn(new: Obj, old: Obj | None) -> Sequence[str]:
    """Of what its writer says; a change of anything else was warned of before."""
    if old is not None and new["spec"] == old["spec"] and new["metadata"] == old["metadata"]:
        return ()
    return list(_of(new))


def _of(service: Obj) -> Iterator[str]:
    spec = service["spec"]
    if _HINTS in (service["metadata"].get("annotations") or ()):
        yield f"annotation {_HINTS} is deprecated, please use service.kubernetes.io/topology-mode instead"
    yield from _of_headless(spec) if is_headless(spec) else _of_addresses(spec)


def _of_headless(spec: Spec) -> Iterator[str]:
    for field in ("loadBalancerIP", "externalIPs"):
        if spec.get(field):
            yield f"spec.{field} {_IGNORED}"
    if spec.get("sessionAffinity", "None") != "None":
        yield f"spec.SessionAffinity {_IGNORED}"


def _of_addresses(spec: Spec) -> Iterator[str]:
    for field in ("clusterIPs", "externalIPs"):
        for index, address in enumerate(spec.get(field) or ()):
            yield from warn_of_ip(address, f"spec.{field}[{index}]")
    if address := spec.get("loadBalancerIP"):
        yield from warn_of_ip(address, "spec.loadBalancerIP")
    for index, text in enumerate(spec.get("loadBalancerSourceRanges") or ()):
        yield from warn_of_cidr(text, f"spec.loadBalancerSourceRanges[{index}]")
