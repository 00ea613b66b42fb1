"""Names such as `example.com/controller`: a domain says whose, a path says what."""

from __future__ import annotations

import re

from wherry.api.field import FieldError, invalid, required
from wherry.api.meta.names import dns1123_subdomain_faults, pattern_text

_PATH = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"
_is_path = re.compile(_PATH + r"\Z").match
_PATH_TEXT = pattern_text("Invalid path", _PATH)


def validate_domain_prefixed_path(value: str, path: str) -> list[FieldError]:
    """A domain name, a slash, and something after it."""
    if not value:
        return [required(path)]
    domain, _, rest = value.partition("/")
    if not domain or not rest:
        return [invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')]
    faults = [invalid(path, domain, why) for why in dns1123_subdomain_faults(domain)]
    return faults if _is_path(rest) else [*faults, invalid(path, rest, _PATH_TEXT)]
