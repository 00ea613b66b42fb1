"""How objects change their version: by name alone, or by asking a webhook."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, forbidden, invalid, not_supported, required
from wherry.api.meta.names import dns1035_label_faults
from wherry.api.meta.webhooks import ca_bundle_faults, service_faults, url_faults

REVIEW_VERSIONS = ("v1", "v1beta1")
"""The versions of ConversionReview that the server speaks."""


def conversion_faults(
    conversion: Obj | None, path: str, *, allows_unknown_reviews: bool, allows_bad_bundle: bool
) -> list[FieldError]:
    """Of `spec.conversion`. Its webhook has, to upstream, the path that it had in the internal form."""
    if conversion is None:
        return []
    strategy = conversion.get("strategy") or ""
    faults: list[FieldError] = []
    if not strategy:
        faults.append(required(f"{path}.strategy"))
    elif strategy not in ("None", "Webhook"):
        faults.append(not_supported(f"{path}.strategy", strategy, ("None", "Webhook")))
    webhook: Obj = conversion.get("webhook") or {}
    config, reviews = webhook.get("clientConfig"), webhook.get("conversionReviewVersions") or []
    if strategy != "Webhook":
        why = "should not be set when strategy is not set to Webhook"
        if config is not None:
            faults.append(forbidden(f"{path}.webhookClientConfig", why))
        if reviews:
            faults.append(forbidden(f"{path}.conversionReviewVersions", why))
        return faults
    if config is None:
        faults.append(required(f"{path}.webhookClientConfig", "required when strategy is set to Webhook"))
    else:
        faults += _config_faults(config, f"{path}.webhookClientConfig", allows_bad_bundle)
    return faults + _review_faults(reviews, f"{path}.conversionReviewVersions", allows_unknown_reviews)


def _config_faults(config: Obj, path: str, allows_bad_bundle: bool) -> list[FieldError]:
    url, service = config.get("url"), config.get("service")
    faults: list[FieldError] = []
    if (url is None) == (service is None):
        faults.append(required(path, "exactly one of url or service is required"))
    elif url is not None:
        faults += url_faults(url, f"{path}.url")
    elif service is not None:
        # Upstream mixes up name and namespace here, so each is reported missing for the other.
        swapped = {**service, "name": service.get("namespace"), "namespace": service.get("name")}
        faults += service_faults(swapped, f"{path}.service")
    if (bundle := config.get("caBundle")) and not allows_bad_bundle:
        faults += ca_bundle_faults(bundle, f"{path}.caBundle")
    return faults


def _review_faults(versions: list[str], path: str, allows_unknown: bool) -> list[FieldError]:
    if not versions:
        return [required(path)]
    faults: list[FieldError] = []
    for index, version in enumerate(versions):
        if version in versions[:index]:
            faults.append(invalid(f"{path}[{index}]", version, "duplicate version"))
        else:
            faults += [invalid(f"{path}[{index}]", version, why) for why in dns1035_label_faults(version)]
    if not allows_unknown and not knows_reviews(versions):
        faults.append(invalid(path, versions, f"must include at least one of {', '.join(REVIEW_VERSIONS)}"))
    return faults


def knows_reviews(versions: list[str]) -> bool:
    """Whether the server speaks one of these versions."""
    return any(version in REVIEW_VERSIONS for version in versions)
