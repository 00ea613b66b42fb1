"""NetworkPolicies: who may talk to whom."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from wherry.api import Obj
from wherry.api.field import FieldError, forbidden, invalid, not_supported, required
from wherry.api.meta.addresses import Network, parse_cidr, validate_legacy_cidr, warn_of_cidr
from wherry.api.meta.columns import AGE, NAME
from wherry.api.meta.labels import format_label_selector, validate_label_selector
from wherry.api.meta.names import port_name_faults, port_number_faults
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


_DIRECTIONS = (("ingress", "from"), ("egress", "to"))
_PROTOCOLS = ("TCP", "UDP", "SCTP")
_POLICY_TYPES = ("Ingress", "Egress")


def validate_create(policy: Obj) -> list[FieldError]:
    return _validate(policy["spec"], ())


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    """Ranges that the policy had anywhere may stay, in whatever spelling."""
    return _validate(new["spec"], [text for _, text in _ranges(old["spec"])])


def _validate(spec: Obj, known: Collection[str]) -> list[FieldError]:
    faults = validate_label_selector(spec.get("podSelector"), "spec.podSelector")
    for direction, peers in _DIRECTIONS:
        for index, rule in enumerate(spec.get(direction) or ()):
            path = f"spec.{direction}[{index}]"
            for at, port in enumerate(rule.get("ports") or ()):
                faults += _validate_port(port, f"{path}.ports[{at}]")
            for at, peer in enumerate(rule.get(peers) or ()):
                faults += _validate_peer(peer, f"{path}.{peers}[{at}]", known)
    types = spec["policyTypes"]
    if len(types) > len(_POLICY_TYPES):
        return [*faults, invalid("spec.policyTypes", types, "may not specify more than two policyTypes")]
    return faults + [
        not_supported(f"spec.policyTypes[{index}]", kind, _POLICY_TYPES)
        for index, kind in enumerate(types)
        if kind not in _POLICY_TYPES
    ]


def _ranges(spec: Obj) -> Iterator[tuple[str, str]]:
    """(path, text) of every range of addresses."""
    for direction, peers in _DIRECTIONS:
        for index, rule in enumerate(spec.get(direction) or ()):
            for at, peer in enumerate(rule.get(peers) or ()):
                block, path = peer.get("ipBlock"), f"spec.{direction}[{index}].{peers}[{at}].ipBlock"
                if block is not None:
                    yield path + ".cidr", block.get("cidr") or ""
                    yield from ((f"{path}.except[{i}]", text) for i, text in enumerate(block.get("except") or ()))


def _validate_port(port: Obj, path: str) -> list[FieldError]:
    faults: list[FieldError] = []
    if port["protocol"] not in _PROTOCOLS:
        faults.append(not_supported(path + ".protocol", port["protocol"], _PROTOCOLS))
    number, end, where = port.get("port"), port.get("endPort"), path + ".endPort"
    if number is None:
        why = "may not be specified when `port` is not specified"
        return faults if end is None else [*faults, invalid(where, end, why)]
    if isinstance(number, str):
        if end is not None:
            faults.append(invalid(where, end, "may not be specified when `port` is non-numeric"))
        return faults + [invalid(path + ".port", number, why) for why in port_name_faults(number)]
    faults += [invalid(path + ".port", number, why) for why in port_number_faults(number)]
    if end is not None:
        if end < number:
            faults.append(invalid(where, number, "must be greater than or equal to `port`"))
        faults += [invalid(where, end, why) for why in port_number_faults(end)]
    return faults


def _validate_peer(peer: Obj, path: str, known: Collection[str]) -> list[FieldError]:
    faults = validate_label_selector(peer.get("podSelector"), path + ".podSelector")
    faults += validate_label_selector(peer.get("namespaceSelector"), path + ".namespaceSelector")
    block = peer.get("ipBlock")
    count = sum(peer.get(field) is not None for field in ("podSelector", "namespaceSelector", "ipBlock"))
    if block is not None:
        faults += _validate_block(block, path + ".ipBlock", known)
    if not count:
        faults.append(required(path, "must specify a peer"))
    elif count > 1 and block is not None:
        faults.append(forbidden(path, "may not specify both ipBlock and another peer"))
    return faults


def _validate_block(block: Obj, path: str, known: Collection[str]) -> list[FieldError]:
    cidr = block.get("cidr") or ""
    if not cidr:
        return [required(path + ".cidr")]
    faults = validate_legacy_cidr(cidr, path + ".cidr", known)
    if (outer := parse_cidr(cidr)) is None:
        return faults
    for index, text in enumerate(block.get("except") or ()):
        where = f"{path}.except[{index}]"
        faults += validate_legacy_cidr(text, where, known)
        if (inner := parse_cidr(text)) is not None and not _is_within(inner[1], outer[1]):
            faults.append(invalid(where, text, "must be a strict subset of `cidr`"))
    return faults


def _is_within(inner: Network, outer: Network) -> bool:
    return inner.network_address in outer and inner.prefixlen > outer.prefixlen


def warnings(policy: Obj, _: Obj | None) -> Sequence[str]:
    return [warning for path, text in _ranges(policy["spec"]) for warning in warn_of_cidr(text, path)]


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
    validate_create=validate_create,
    validate_update=validate_update,
    warnings=warnings,
)
