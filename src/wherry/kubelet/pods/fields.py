"""The downward API: values of the pod itself by field path, and of its containers' resources. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, Decimal

from msgspec import Struct

from wherry.api.meta.quantity import parse_quantity
from wherry.api.types.core_v1 import Container, Pod, ResourceFieldSelector
from wherry.kubelet.pods.resources import limits_of, requests_of

_SUBSCRIPT = re.compile(r"^(metadata\.(?:annotations|labels))\['([^']*)'\]$")


class Place(Struct, frozen=True):
    """Where a pod runs, as far as it may know.

    Attributes:
        capacity: the node's allocatable cpu, memory …, which stand in for limits that are not set.
    """

    node_name: str
    host_ips: tuple[str, ...] = ()
    pod_ips: tuple[str, ...] = ()
    capacity: Mapping[str, str] | None = None


class UnknownField(Exception):
    """A field path that the downward API does not offer."""


def pod_field(pod: Pod, path: str, place: Place) -> str:
    """The value at a field path such as `metadata.labels['app']` or `status.podIP`."""
    meta = pod.metadata
    if found := _SUBSCRIPT.match(path):
        table = meta.annotations if found[1] == "metadata.annotations" else meta.labels
        return table.get(found[2], "")
    match path:
        case "metadata.name":
            return meta.name
        case "metadata.namespace":
            return meta.namespace
        case "metadata.uid":
            return meta.uid
        case "metadata.labels":
            return _format_map(meta.labels)
        case "metadata.annotations":
            return _format_map(meta.annotations)
        case "spec.nodeName":
            return pod.spec.node_name or place.node_name
        case "spec.serviceAccountName":
            return pod.spec.service_account_name or ""
        case "status.hostIP":
            return place.host_ips[0] if place.host_ips else ""
        case "status.hostIPs":
            return ",".join(place.host_ips)
        case "status.podIP":
            return place.pod_ips[0] if place.pod_ips else ""
        case "status.podIPs":
            return ",".join(place.pod_ips)
    raise UnknownField(f"unsupported fieldPath: {path}")


def resource_field(containers: Sequence[Container], own: str, selector: ResourceFieldSelector, place: Place) -> str:
    """The value of `limits.cpu`, `requests.memory` … of a container, in units of the divisor, rounded up."""
    name = selector.container_name or own
    container = next((each for each in containers if each.name == name), None)
    if container is None:
        raise UnknownField(f"container {name} not found")
    group, _, resource = selector.resource.partition(".")
    table = {"limits": limits_of, "requests": requests_of}.get(group)
    if table is None or not resource:
        raise UnknownField(f"unsupported container resource : {selector.resource}")
    quantity = table(container).get(resource)
    if quantity is None and group == "limits":
        quantity = (place.capacity or {}).get(resource)
    if quantity is None:
        quantity = "0"
    divisor = Decimal(parse_quantity(selector.divisor or "1")) or Decimal(1)
    return str((Decimal(parse_quantity(quantity)) / divisor).to_integral_value(ROUND_CEILING))


def _format_map(table: Mapping[str, str]) -> str:
    return "\n".join(f"{name}={_quote(value)}" for name, value in sorted(table.items()))


_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
}


def _quote(text: str) -> str:
    """As Go's %q: double quotes, escapes for what does not print, other letters as they are."""
    return '"' + "".join(_escape(char) for char in text) + '"'


def _escape(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
