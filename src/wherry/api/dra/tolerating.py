"""Which devices a taint rule is about, and which taints of devices are put up with."""

from __future__ import annotations

from wherry.api.types.resource_v1 import DeviceTaint, DeviceTaintSelector, DeviceToleration

DeviceId = tuple[str, str, str]
"""(driver, pool, name)"""


def tolerates(toleration: DeviceToleration, taint: DeviceTaint) -> bool:
    """Whether one toleration covers one taint."""
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    if toleration.operator == "Exists":
        return True
    return toleration.operator in (None, "", "Equal") and (toleration.value or "") == (taint.value or "")


def means(selector: DeviceTaintSelector | None, device: DeviceId) -> bool:
    """Whether a rule is about a device; one without a selector is about none."""
    if selector is None:
        return False
    wanted = (selector.driver, selector.pool, selector.device)
    return all(given is None or given == own for given, own in zip(wanted, device, strict=True))
