"""Defaults of webhooks and admission policies."""

from __future__ import annotations

from typing import Any

from wherry.api import Obj


def set_webhook_defaults(configuration: Obj) -> None:
    """Of a validating webhook configuration; mutating ones have one more."""
    for webhook in configuration.get("webhooks") or ():
        webhook.setdefault("failurePolicy", "Fail")
        webhook.setdefault("matchPolicy", "Equivalent")
        webhook.setdefault("namespaceSelector", {})
        webhook.setdefault("objectSelector", {})
        webhook.setdefault("timeoutSeconds", 10)
        if service := (webhook.get("clientConfig") or {}).get("service"):
            service.setdefault("port", 443)
        _default_scopes(webhook.get("rules"))


def set_mutating_webhook_defaults(configuration: Obj) -> None:
    """A mutating webhook is not asked again when others have changed the object, unless it wants to be."""
    set_webhook_defaults(configuration)
    for webhook in configuration.get("webhooks") or ():
        webhook.setdefault("reinvocationPolicy", "Never")


def set_policy_defaults(policy: Obj) -> None:
    """Of both sorts of admission policy."""
    spec = policy.setdefault("spec", {})
    spec.setdefault("failurePolicy", "Fail")
    if spec.get("matchConstraints") is not None:
        _default_match(spec["matchConstraints"])


def set_binding_defaults(binding: Obj) -> None:
    """Of both sorts of binding."""
    if (match := (binding.get("spec") or {}).get("matchResources")) is not None:
        _default_match(match)


def _default_match(match: dict[str, Any]) -> None:
    match.setdefault("matchPolicy", "Equivalent")
    match.setdefault("namespaceSelector", {})
    match.setdefault("objectSelector", {})
    _default_scopes(match.get("resourceRules"))
    _default_scopes(match.get("excludeResourceRules"))


def _default_scopes(rules: list[dict[str, Any]] | None) -> None:
    for rule in rules or ():
        rule.setdefault("scope", "*")
