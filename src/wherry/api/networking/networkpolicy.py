"""NetworkPolicies: who may talk to whom."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, forbidden, invalid, not_supported, required
from wherry.api.meta.columns import AGE, NAME
from wherry.api.meta.labels import format_label_selector, validate_label_selector
from wherry.api.meta.names import cidr_faults, port_name_faults, port_number_faults
from wherry.api.resource import Column, Resource
from wherry.api.schema import schema


def set_defaults(policy: Obj) -> None:
    """A policy is about what comes in, and about what goes out if it says so."""
    spec = policy.setdefault("spec", {})
    for direction in ("ingress", "egress"):
        for rule in spec.get(direction) or ():
            for port in rule.get("ports") or ():
                port.setdefault("protocol", "TCP")
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def validate(policy: Obj) -> list[FieldError]:
    spec = policy["spec"]
    faults = validate_label_selector(spec.get("podSelector"), "spec.podSelector")
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(direction) or ()):
            path = f"spec.{direction}[{index}]"
            for at, port in enumerate(rule.get("ports") or ()):
                faults += _validate_port(port, f"{path}.ports[{at}]")
            for at, peer in enumerate(rule.get(peers) or ()):
                faults += _validate_peer(peer, f"{path}.{peers}[{at}]")
    return faults + [
        not_supported(f"spec.policyTypes[{index}]", kind, ("Egress", "Ingress"))
        for index, kind in enumerate(spec["policyTypes"])
        if kind not in ("Ingress", "Egress")
    ]


def _validate_port(port: Obj, path: str) -> list[FieldError]:
    faults: list[FieldError] = []
    if port["protocol"] not in ("SCTP", "TCP", "UDP"):
        faults.append(not_supported(path + ".protocol", port["protocol"], ("SCTP", "TCP", "UDP")))
    number, end = port.get("port"), port.get("endPort")
    if isinstance(number, str):
        faults += [invalid(path + ".port", number, why) for why in port_name_faults(number)]
    elif number is not None:
        faults += [invalid(path + ".port", number, why) for why in port_number_faults(number)]
    if end is None:
        return faults
    if number is None:
        faults.append(required(path + ".port", "must be specified"))
    elif isinstance(number, str):
        faults.append(invalid(path + ".endPort", end, "may not be specified when `port` is non-numeric"))
    elif end < number:
        faults.append(invalid(path + ".endPort", end, "must be greater than or equal to `port`"))
    return faults


def _validate_peer(peer: Obj, path: str) -> list[FieldError]:
    faults = validate_label_selector(peer.get("podSelector"), path + ".podSelector")
    faults += validate_label_selector(peer.get("namespaceSelector"), path + ".namespaceSelector")
    block = peer.get("ipBlock")
    if block is None:
        return faults if peer else [required(path, "must specify a peer")]
    if len(peer) > 1:
        faults.append(forbidden(path, "may not specify both ipBlock and another peer"))
    cidr = block.get("cidr") or ""
    faults += [invalid(path + ".ipBlock.cidr", cidr, why) for why in cidr_faults(cidr)]
    for index, hole in enumerate(block.get("except") or ()):
        faults += [invalid(f"{path}.ipBlock.except[{index}]", hole, why) for why in cidr_faults(hole)]
    return faults


NETWORKPOLICIES = Resource(
    group="networking.k8s.io",
    version="v1",
    kind="NetworkPolicy",
    plural="networkpolicies",
    schema=schema("networking.k8s.io/v1", "NetworkPolicy"),
    short_names=("netpol",),
    has_generation=True,
    columns=(
        NAME,
        Column(
            "Pod-Selector", lambda policy, _: format_label_selector((policy.get("spec") or {}).get("podSelector") or {})
        ),
        AGE,
    ),
    defaults=set_defaults,
    validate=validate,
)
