"""Where a webhook is: a URL or a Service, and the certificates that it is trusted by."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import urlsplit

from wherry.api import Obj
from wherry.api.field import FieldError, invalid, required
from wherry.api.meta.names import dns1123_subdomain_faults

_FORM = "; desired format: https://host[/path]"


def url_faults(url: str, path: str) -> list[FieldError]:
    """Only https, a host, and a path."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        return [required(path, f'url must be a valid URL: parse "{url}": {error}{_FORM}')]
    faults: list[FieldError] = []
    user, at, host = parts.netloc.rpartition("@")
    if parts.scheme != "https":
        faults.append(invalid(path, parts.scheme, f"'https' is the only allowed URL scheme{_FORM}"))
    if not host:
        faults.append(invalid(path, "", f"host must be specified{_FORM}"))
    if at:
        faults.append(invalid(path, user, "user information is not permitted in the URL"))
    if parts.fragment:
        faults.append(invalid(path, parts.fragment, "fragments are not permitted in the URL"))
    if parts.query:
        faults.append(invalid(path, parts.query, "query parameters are not permitted in the URL"))
    return faults


def service_faults(service: Obj, path: str) -> list[FieldError]:
    """A Service's name, its port, and a path of segments that could be host names."""
    faults = [required(f"{path}.{name}") for name in ("name", "namespace") if not service.get(name)]
    port = service.get("port")
    if port is not None and not 1 <= port <= 65535:
        faults.append(invalid(f"{path}.port", port, "port is not valid: must be between 1 and 65535, inclusive"))
    if (url_path := service.get("path")) is not None:
        faults += _path_faults(url_path, f"{path}.path")
    return faults


def _path_faults(url_path: str, path: str) -> list[FieldError]:
    if url_path in ("", "/"):
        return []
    if url_path == "//":
        return [invalid(path, url_path, "segment[0] may not be empty")]
    faults = [] if url_path.startswith("/") else [invalid(path, url_path, "must start with a '/'")]
    for index, segment in enumerate(url_path[1:].removesuffix("/").split("/")):
        if not segment:
            faults.append(invalid(path, url_path, f"segment[{index}] may not be empty"))
        faults += [
            invalid(path, url_path, f"segment[{index}]: {why}")
            for why in (dns1123_subdomain_faults(segment) if segment else ())
        ]
    return faults


def ca_bundle_faults(bundle: str, path: str) -> list[FieldError]:
    """A bundle, as base64 of PEM, holds certificates."""
    why = _bundle_fault(bundle)
    return [invalid(path, bundle, f"unable to load root certificates: {why}")] if why else []


def _bundle_fault(bundle: str) -> str:
    from cryptography import x509  # few definitions and configurations bring a bundle

    try:
        data = base64.b64decode(bundle, validate=True)
    except binascii.Error:
        return "unable to parse bytes as PEM block"
    if b"-----BEGIN" not in data:
        return "unable to parse bytes as PEM block"
    if b"-----BEGIN CERTIFICATE-----" not in data:
        return "no valid certificate authority data seen"
    try:
        x509.load_pem_x509_certificates(data)
    except ValueError as error:
        return f"failed to parse certificate: {error}"
    return ""
