"""Which certificate signing requests are signed, for whom, and for how long.

Each of Kubernetes' signers has its own idea of what a certificate may say; `refusal` holds them as one table of checks.
Whether somebody *approved* the request is not looked at here. Imported only by who signs (see `certificates.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509
from cryptography.x509.oid import NameOID
from msgspec import Struct
from msgspec.structs import replace

from wherry.identity import certificates
from wherry.identity.certificates import Authority
from wherry.identity.profiles import NODE_PREFIX, NODES, Profile, Usage
from wherry.identity.signers import API_SERVER_CLIENT, KUBELET_CLIENT, KUBELET_SERVING

YEAR_SECONDS = 365 * 86_400
_LEAST_SECONDS = 600


class SigningRequest(Struct, frozen=True):
    """What a request asks to be certified."""

    profile: Profile
    emails: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()


def parse_request(pem: bytes) -> SigningRequest:
    """Raises ValueError when it is not a request, or not signed by the key that it is for."""
    request = _load(pem)
    names = _alternative_names(request)
    common_names = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    organizations = request.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    profile = Profile(
        common_name=str(common_names[0].value) if common_names else "",
        organizations=tuple(str(attribute.value) for attribute in organizations),
        dns_names=tuple(names.get_values_for_type(x509.DNSName)) if names else (),
        addresses=tuple(str(address) for address in names.get_values_for_type(x509.IPAddress)) if names else (),
    )
    emails = tuple(names.get_values_for_type(x509.RFC822Name)) if names else ()
    uris = tuple(names.get_values_for_type(x509.UniformResourceIdentifier)) if names else ()
    return SigningRequest(profile, emails, uris)


def refusal(signer: str, request: SigningRequest, usages: Sequence[str]) -> str:
    """Why `signer` does not sign this; "" when it does."""
    asked = frozenset(usages)
    if signer == API_SERVER_CLIENT:
        return _check_usages(asked, {"client auth"}, {"digital signature", "key encipherment"})
    if signer == KUBELET_CLIENT:
        usage_fault = _check_usages(asked, {"client auth", "digital signature"}, {"key encipherment"})
        return _check_kubelet_client(request) or usage_fault
    if signer == KUBELET_SERVING:
        usage_fault = _check_usages(asked, {"server auth", "digital signature"}, {"key encipherment"})
        return _check_kubelet_serving(request) or usage_fault
    return f"{signer} is not one of ours"


def sign(authority: Authority, pem: bytes, usages: Sequence[str], now: float, seconds: float | None) -> bytes:
    """The certificate in PEM, for as long as was asked but no longer than a year."""
    request = parse_request(pem)
    wanted = tuple(usage for usage in Usage if usage.value in usages)
    lifetime = min(max(seconds or YEAR_SECONDS, _LEAST_SECONDS), YEAR_SECONDS)
    key = _load(pem).public_key()
    certificate = certificates.issue(authority, replace(request.profile, usages=wanted), key, now, now + lifetime)
    return certificates.format_certificate(certificate)


def _load(pem: bytes) -> x509.CertificateSigningRequest:
    try:
        request = x509.load_pem_x509_csr(pem)
        is_genuine = request.is_signature_valid
    except Exception as error:
        raise ValueError("not a certificate signing request") from error
    if not is_genuine:
        raise ValueError("the request is not signed by the key that it is for")
    return request


def _alternative_names(request: x509.CertificateSigningRequest) -> x509.SubjectAlternativeName | None:
    try:
        return request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def _check_usages(asked: frozenset[str], required: set[str], permitted: set[str]) -> str:
    if not asked >= required:
        return "usages did not match"
    return "" if asked <= required | permitted else "usages did not match"


def _check_kubelet_client(request: SigningRequest) -> str:
    if request.profile.organizations != (NODES,):
        return f"subject organization is not {NODES}"
    if request.profile.dns_names or request.profile.addresses:
        return "DNS and IP subjectAltNames are not allowed"
    if request.emails or request.uris:
        return "email and URI subjectAltNames are not allowed"
    return _check_common_name(request)


def _check_kubelet_serving(request: SigningRequest) -> str:
    if request.profile.organizations != (NODES,):
        return f"subject organization is not {NODES}"
    if not request.profile.dns_names and not request.profile.addresses:
        return "at least one DNS or IP subjectAltName is required"
    if request.emails or request.uris:
        return "email and URI subjectAltNames are not allowed"
    return _check_common_name(request)


def _check_common_name(request: SigningRequest) -> str:
    if not request.profile.common_name.startswith(NODE_PREFIX):
        return f"subject common name does not begin with {NODE_PREFIX}"
    return ""
