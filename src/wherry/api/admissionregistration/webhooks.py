"""Rules for the webhooks of both sorts of configuration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wherry.api import Obj
from wherry.api.admissionregistration.clients import validate_client
from wherry.api.admissionregistration.conditions import validate_match_conditions
from wherry.api.admissionregistration.matching import (
    FAILURE_POLICIES,
    MATCH_POLICIES,
    REINVOCATION_POLICIES,
    validate_rule,
)
from wherry.api.field import FieldError, duplicate, invalid, not_supported, required
from wherry.api.meta.labels import validate_label_selector
from wherry.api.meta.names import dns1035_label_faults, dns1123_subdomain_faults

Webhook = dict[str, Any]
Faults = list[FieldError]

_REVIEWS = ("v1", "v1beta1")
_ANY_EFFECTS = ("None", "NoneOnDryRun", "Some", "Unknown")
_NO_EFFECTS = ("None", "NoneOnDryRun")


def validate_create(configuration: Obj) -> Faults:
    return _validate(configuration, [])


def validate_update(new: Obj, old: Obj) -> Faults:
    """What older versions let pass is put up with where it is."""
    return _validate(new, old.get("webhooks") or [])


def _validate(configuration: Obj, before: Sequence[Webhook]) -> Faults:
    webhooks = configuration.get("webhooks") or []
    names = [webhook.get("name") for webhook in before]
    unique, known = len(set(names)) == len(names), all(map(_is_understood, before))
    effects = _NO_EFFECTS if all(webhook.get("sideEffects") in _NO_EFFECTS for webhook in before) else _ANY_EFFECTS
    kept = _conditions(webhooks) == _conditions(before) and bool(before)
    faults: Faults = []
    seen: set[str] = set()
    for index, webhook in enumerate(webhooks):
        path = f"webhooks[{index}]"
        faults += _validate_webhook(webhook, path, effects)
        if not kept:
            faults += validate_match_conditions(webhook.get("matchConditions") or (), path + ".matchConditions")
        faults += _validate_reviews(webhook.get("admissionReviewVersions") or [], path, known)
        name = webhook.get("name") or ""
        if unique and name:
            if name in seen:
                faults.append(duplicate(path + ".name", name))
            seen.add(name)
    return faults


def _is_understood(webhook: Webhook) -> bool:
    versions = webhook.get("admissionReviewVersions") or ()
    return not versions or any(version in _REVIEWS for version in versions)


def _conditions(webhooks: Sequence[Webhook]) -> list[Any]:
    return [webhook.get("matchConditions") or [] for webhook in webhooks]


def _validate_webhook(webhook: Webhook, path: str, effects: tuple[str, ...]) -> Faults:
    faults = _validate_name(webhook.get("name") or "", path + ".name")
    for index, rule in enumerate(webhook.get("rules") or ()):
        faults += validate_rule(rule, f"{path}.rules[{index}]")
    for field, supported in (("failurePolicy", FAILURE_POLICIES), ("matchPolicy", MATCH_POLICIES)):
        if (value := webhook.get(field)) is not None and value not in supported:
            faults.append(not_supported(f"{path}.{field}", value, supported))
    effect, timeout = webhook.get("sideEffects"), webhook.get("timeoutSeconds")
    if effect is None:
        faults.append(required(path + ".sideEffects", f"must specify one of {', '.join(effects)}"))
    elif effect not in effects:
        faults.append(not_supported(path + ".sideEffects", effect, effects))
    if timeout is not None and not 1 <= timeout <= 30:
        why = "the timeout value must be between 1 and 30 seconds"
        faults.append(invalid(path + ".timeoutSeconds", timeout, why))
    for field in ("namespaceSelector", "objectSelector"):
        faults += validate_label_selector(webhook.get(field), f"{path}.{field}")
    reinvocation = webhook.get("reinvocationPolicy")
    if reinvocation is not None and reinvocation not in REINVOCATION_POLICIES:
        faults.append(not_supported(path + ".reinvocationPolicy", reinvocation, REINVOCATION_POLICIES))
    return faults + validate_client(webhook.get("clientConfig") or {}, path + ".clientConfig")


def _validate_name(name: str, path: str) -> Faults:
    """Names are known in all the world, so they are domains."""
    if not name:
        return [required(path)]
    if reasons := dns1123_subdomain_faults(name):
        return [invalid(path, name, ",".join(reasons))]
    if name.count(".") < 2:
        return [invalid(path, name, "should be a domain with at least three segments separated by dots")]
    return []


def _validate_reviews(versions: list[str], path: str, must_understand: bool) -> Faults:
    where = path + ".admissionReviewVersions"
    if not versions:
        return [required(where, f"must specify one of {', '.join(_REVIEWS)}")]
    faults: Faults = []
    for index, version in enumerate(versions):
        if version in versions[:index]:
            faults.append(invalid(f"{where}[{index}]", version, "duplicate version"))
            continue
        faults += [invalid(f"{where}[{index}]", version, why) for why in dns1035_label_faults(version)]
    if must_understand and not any(version in _REVIEWS for version in versions):
        faults.append(invalid(where, versions, f"must include at least one of {', '.join(_REVIEWS)}"))
    return faults
