"""Rules for where webhooks are reached: by URL, or as a Service of the cluster."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from wherry.api.field import FieldError, invalid, required
from wherry.api.meta.names import dns1123_subdomain_faults, port_number_faults

_FORM = "; desired format: https://host[/path]"


def validate_client(config: dict[str, Any], path: str) -> list[FieldError]:
    """`clientConfig` of a webhook."""
    url, service = config.get("url"), config.get("service")
    if (url is None) == (service is None):
        return [required(path, "exactly one of url or service is required")]
    return validate_url(url, path + ".url") if service is None else validate_service(service, path + ".service")


def validate_url(url: Any, path: str) -> list[FieldError]:
    """Encrypted, and nothing but host and path."""
    try:
        parts = urlsplit(str(url))
        user, _, host = parts.netloc.rpartition("@")
    except ValueError as error:
        return [required(path, f"url must be a valid URL: {error}{_FORM}")]
    faults: list[FieldError] = []
    if parts.scheme != "https":
        faults.append(invalid(path, parts.scheme, "'https' is the only allowed URL scheme" + _FORM))
    if not host:
        faults.append(invalid(path, host, "host must be specified" + _FORM))
    if user:
        faults.append(invalid(path, user, "user information is not permitted in the URL"))
    if parts.fragment:
        faults.append(invalid(path, parts.fragment, "fragments are not permitted in the URL"))
    if parts.query:
        faults.append(invalid(path, parts.query, "query parameters are not permitted in the URL"))
    return faults


def validate_service(service: dict[str, Any], path: str) -> list[FieldError]:
    """Name and namespace are demanded by the schema."""
    port, url_path = service.get("port") or 0, service.get("path")
    faults: list[FieldError] = []
    if reasons := port_number_faults(port):
        faults.append(invalid(path + ".port", port, "port is not valid: " + ", ".join(reasons)))
    return faults if url_path in (None, "", "/") else faults + _validate_path(url_path, path + ".path")


def _validate_path(url_path: str, path: str) -> list[FieldError]:
    if url_path == "//":
        return [invalid(path, url_path, "segment[0] may not be empty")]
    faults = [] if url_path.startswith("/") else [invalid(path, url_path, "must start with a '/'")]
    for index, step in enumerate(url_path[1:].removesuffix("/").split("/")):
        if not step:
            faults.append(invalid(path, url_path, f"segment[{index}] may not be empty"))
            continue
        faults += [invalid(path, url_path, f"segment[{index}]: {why}") for why in dns1123_subdomain_faults(step)]
    return faults
