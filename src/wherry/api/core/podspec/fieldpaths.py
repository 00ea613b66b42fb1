"""Which of its own fields and resources a pod may be shown, in its environment or in files: the downward API."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from wherry.api.field import FieldError, invalid, not_supported, required
from wherry.api.meta.names import qualified_name_faults
from wherry.api.meta.quantity import parse_quantity

Faults = list[FieldError]
Part = dict[str, Any]

_KNOWN = frozenset(
    {
        "metadata.annotations",
        "metadata.labels",
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.serviceAccountName",
        "spec.schedulerName",
        "status.phase",
        "status.hostIP",
        "status.hostIPs",
        "status.podIP",
        "status.podIPs",
    }
)
"""What the conversion of field labels knows, whether or not it may be shown."""
_RENAMED = {"spec.host": "spec.nodeName"}
_SUBSCRIPTED = re.compile(r"(.*)\['(.*)'\]\Z", re.DOTALL).match
_RESOURCES = (
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
)
_HUGE = ("limits.hugepages-", "requests.hugepages-")
_DIVISORS = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")
_CPU_DIVISORS = ("1m", "1")


def validate_field_path(reference: Part, supported: Sequence[str], path: str, faults: Faults) -> None:
    """A field, or one label or annotation by its key."""
    field = reference.get("fieldPath") or ""
    if not reference.get("apiVersion"):
        faults.append(required(path + ".apiVersion"))
        return
    if not field:
        faults.append(required(path + ".fieldPath"))
        return
    if field in supported:
        return
    found = _SUBSCRIPTED(field)
    base, key = found.groups() if found else (field, "")
    if found and base in ("metadata.annotations", "metadata.labels"):
        key = key.lower() if base == "metadata.annotations" else key
        faults += [invalid(path, key, why) for why in qualified_name_faults(key)]
    elif found:
        why = f"error converting fieldPath: field label does not support subscript: {field}"
        faults.append(invalid(path + ".fieldPath", field, why))
    elif base not in _KNOWN and base not in _RENAMED:
        why = f"error converting fieldPath: field label not supported: {base}"
        faults.append(invalid(path + ".fieldPath", field, why))
    elif _RENAMED.get(base, base) not in supported:
        faults.append(not_supported(path + ".fieldPath", _RENAMED.get(base, base), supported))


def validate_resource_field(reference: Part, path: str, is_volume: bool, faults: Faults) -> None:
    """A container's request or limit, and what it is divided by."""
    resource, divisor = reference.get("resource") or "", reference.get("divisor") or "0"
    if is_volume and not reference.get("containerName"):
        faults.append(required(path + ".containerName"))
    elif not resource:
        faults.append(required(path + ".resource"))
    elif resource not in _RESOURCES and not resource.startswith(_HUGE):
        faults.append(not_supported(path + ".resource", resource, _RESOURCES))
    if divisor != "0" and parse_quantity(divisor):
        _validate_divisor(resource, divisor, path + ".divisor", faults)


def _validate_divisor(resource: str, divisor: str, path: str, faults: Faults) -> None:
    kind = resource.partition(".")[2]
    if kind == "cpu":
        if divisor not in _CPU_DIVISORS:
            why = "only divisor's values 1m and 1 are supported with the cpu resource"
            faults.append(invalid(path, resource, why))
        return
    names = {"memory": "memory", "ephemeral-storage": "local ephemeral storage"}
    name = "hugepages" if resource.startswith(_HUGE) else names.get(kind)
    if name and divisor not in _DIVISORS:
        why = f"only divisor's values {', '.join(_DIVISORS)} are supported with the {name} resource"
        faults.append(invalid(path, resource, why))
