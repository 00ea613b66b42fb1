"""The rules for changes of a Service: what was given out first stays; a second family may come and go."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.core.servicespec.needs import SINGLE, Spec, is_headless, needs_cluster_ip, needs_health_check
from wherry.api.field import FieldError, forbidden, invalid, not_supported, required
from wherry.api.meta.addresses import parse_ip, validate_legacy_ip
from wherry.api.meta.names import dns1123_subdomain_faults

Faults = list[FieldError]
_FIXED = "may not change once set"


def validate_update(new: Obj, old: Obj) -> Faults:
    """Faults of a change of `old` to `new`; a change from or to ExternalName is free."""
    spec, before, faults = new["spec"], old["spec"], list[FieldError]()
    if needs_cluster_ip(spec) and needs_cluster_ip(before):
        if not (is_headless(spec) and is_headless(before)):
            _validate_kept(spec, before, "clusterIPs", "clusterIP", faults)
        if not is_headless(spec) and not is_headless(before):
            _validate_kept(spec, before, "ipFamilies", "ipFamily", faults)
    if spec.get("type") == before.get("type") == "LoadBalancer":
        balancer = spec.get("loadBalancerClass")
        if balancer != before.get("loadBalancerClass"):
            faults.append(invalid("spec.loadBalancerClass", balancer, _FIXED))
    is_checked = needs_health_check(spec) and needs_health_check(before)
    if is_checked and spec.get("healthCheckNodePort") != before.get("healthCheckNodePort"):
        faults.append(forbidden("spec.healthCheckNodePort", "field is immutable"))
    return faults


def _validate_kept(spec: Spec, before: Spec, field: str, one: str, faults: Faults) -> None:
    now, then, path = spec.get(field) or [], before.get(field) or [], f"spec.{field}"
    if len(now) == len(then):
        for index, value in enumerate(then):
            if value != now[index]:
                faults.append(invalid(f"{path}[{index if field == 'clusterIPs' else 0}]", now, _FIXED))
        return
    shown = spec.get("clusterIPs") or []
    if len(now) < len(then) and not shown:
        faults.append(invalid(f"{path}[0]", now or None, f"primary {one} can not be unset"))
    if now and then and now[0] != then[0]:
        faults.append(invalid(f"{path}[0]", shown, _FIXED))
    if len(now) == 1 < len(then) and spec.get("ipFamilyPolicy") != SINGLE:
        why = f"must be set to 'SingleStack' when releasing the secondary {one}"
        faults.append(invalid("spec.ipFamilyPolicy", spec.get("ipFamilyPolicy"), why))


def validate_status_update(new: Obj, _: Obj) -> Faults:
    """The places where a load balancer answers."""
    spec, status = new["spec"], new.get("status") or {}
    points, path = (status.get("loadBalancer") or {}).get("ingress") or (), "status.loadBalancer"
    faults: Faults = []
    if points and spec.get("type") != "LoadBalancer":
        why = "may only be used when `spec.type` is 'LoadBalancer'"
        faults.append(forbidden(path + ".ingress", why))
    for index, point in enumerate(points):
        _validate_point(point, f"{path}.ingress[{index}]", faults)
    return faults


def _validate_point(point: Spec, path: str, faults: Faults) -> None:
    address, host, mode = point.get("ip") or "", point.get("hostname") or "", point.get("ipMode")
    if address:
        faults += validate_legacy_ip(address, path + ".ip")
    if address and mode is None:
        faults.append(required(path + ".ipMode", "must be specified when `ip` is set"))
    elif not address and mode is not None:
        faults.append(forbidden(path + ".ipMode", "may not be specified when `ip` is not set"))
    elif mode is not None and mode not in ("Proxy", "VIP"):
        faults.append(not_supported(path + ".ipMode", mode, ("Proxy", "VIP")))
    if host:
        faults += [invalid(path + ".hostname", host, why) for why in dns1123_subdomain_faults(host)]
        if parse_ip(host) is not None:
            faults.append(invalid(path + ".hostname", host, "must be a DNS name, not an IP address"))
