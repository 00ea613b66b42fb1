"""Names of signers: `example.com/web`, which is whose and which of theirs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from wherry.api.field import FieldError, invalid, required, too_long
from wherry.api.meta.names import dns1123_label_faults, dns1123_subdomain_faults

_MAX_DOMAIN, _MAX_NAME = 253, 571
_FORM = "must be a fully qualified domain and path of the form 'example.com/signer-name'"


def is_kubernetes_signer(name: str) -> bool:
    """Whether the signer is one of Kubernetes' own, which give out certificates for a day at most."""
    domain = name.partition("/")[0]
    return domain == "kubernetes.io" or domain.endswith(".kubernetes.io")


def validate_signer_name(name: str, path: str) -> list[FieldError]:
    if not name:
        return [required(path)]
    if name.count("/") != 1:
        return [invalid(path, name, _FORM)]
    domain, _, rest = name.partition("/")
    faults = [too_long(path, _MAX_DOMAIN)] if len(domain) > _MAX_DOMAIN else []
    faults += _validate_labels(domain, path, dns1123_label_faults)
    if "." not in domain:
        faults.append(invalid(path, domain, "should be a domain with at least two segments separated by dots"))
    faults += _validate_labels(rest, path, dns1123_subdomain_faults)
    return [*faults, too_long(path, _MAX_NAME)] if len(name) > _MAX_NAME else faults


def _validate_labels(text: str, path: str, judge: Callable[[str], Sequence[str]]) -> list[FieldError]:
    """The faults of the first label that has any."""
    for label in text.split("."):
        if why := judge(label):
            return [invalid(path, text, f"validating label {json.dumps(label)}: {each}") for each in why]
    return []
