"""What a pod's certificate has to look like, and the request that it answers."""

from __future__ import annotations

import binascii
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from wherry.api.certificates import pem
from wherry.api.field import OMITTED, FieldError, invalid, required, too_long
from wherry.lib.clock import parse_time

if TYPE_CHECKING:
    from cryptography import x509

_CHAIN = "status.certificateChain"
_MAX_CHAIN, _MAX_REQUEST = 100 * 1024, 10 * 1024
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_RSA_BITS = (3072, 4096)
_MARGIN = timedelta(minutes=10)
_NO_REQUEST = "must be a valid PKCS#10 CSR"


def validate_request(request: str, path: str) -> list[FieldError]:
    """The key is of a sort that is good enough, and the request is signed with it; the rest does not matter."""
    from cryptography.exceptions import UnsupportedAlgorithm  # few clusters ever see such a request
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    try:
        data = b64decode(request)
    except binascii.Error:
        return [invalid(path, OMITTED, _NO_REQUEST)]
    if len(data) > _MAX_REQUEST:
        return [too_long(path, _MAX_REQUEST)]
    parsed = _parse_request(data)
    if parsed is None:
        return [invalid(path, OMITTED, _NO_REQUEST)]
    try:
        key = parsed.public_key()
        is_signed = parsed.is_signature_valid
    except (ValueError, UnsupportedAlgorithm):
        return [invalid(path, OMITTED, _NO_REQUEST)]
    if isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name not in _CURVES:
            why = "elliptic public keys must use curve P256, P384, or P521"
            return [invalid(path, f"curve {key.curve.name}", why)]
    elif isinstance(key, rsa.RSAPublicKey):
        if key.key_size not in _RSA_BITS:
            return [invalid(path, f"{key.key_size}-bit modulus", "RSA keys must have modulus size 3072 or 4096")]
    elif not isinstance(key, ed25519.Ed25519PublicKey):
        return [invalid(path, OMITTED, "unknown public key type; supported types are Ed25519, ECDSA, and RSA")]
    return [] if is_signed else [invalid(path, OMITTED, "invalid signature")]


def _parse_request(data: bytes) -> x509.CertificateSigningRequest | None:
    from cryptography import x509  # as above

    try:
        return x509.load_der_x509_csr(data)
    except ValueError:
        return None


def _parse_certificate(data: bytes) -> x509.Certificate | None:
    from cryptography import x509  # as above

    try:
        return x509.load_der_x509_certificate(data)
    except ValueError:
        return None


def validate_issued(status: dict[str, Any], spec: dict[str, Any]) -> list[FieldError]:
    """The chain begins with a certificate for the key that was asked for, and the times are those in it."""
    chain: str = status.get("certificateChain") or ""
    if len(chain.encode()) > _MAX_CHAIN:
        return [too_long(_CHAIN, _MAX_CHAIN)]
    blocks = list(pem.decode(chain.encode()))
    if not blocks:
        return [invalid(_CHAIN, chain, "issued certificate chain must contain at least one certificate")]
    if blocks[0].label != "CERTIFICATE":
        why = "issued certificate chain must consist entirely of CERTIFICATE PEM blocks"
        return [invalid(_CHAIN, chain, why)]
    leaf = _parse_certificate(blocks[0].der)
    if leaf is None:
        return [invalid(_CHAIN, chain, "leaf certificate does not parse as valid X.509")]
    faults = _validate_names(leaf)
    request = _parse_request(b64decode(spec.get("stubPKCS10Request") or ""))
    if request is None:
        return [*faults, invalid("spec.stubPKCS10Request", OMITTED, _NO_REQUEST)]
    if request.public_key() != leaf.public_key():
        return [*faults, invalid(_CHAIN, chain, "leaf certificate was not issued to the requested public key")]
    if faults := faults + _validate_present(status):
        return faults
    return _validate_times(status, leaf, spec["maxExpirationSeconds"]) or _validate_rest(blocks[1:], chain)


def _validate_names(leaf: x509.Certificate) -> list[FieldError]:
    from cryptography import x509  # as above

    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    faults: list[FieldError] = []
    for name in names.get_values_for_type(x509.DNSName):
        if not name:
            faults.append(invalid(_CHAIN, name, "leaf certificate should not contain empty DNSName"))
        if ".." in name:
            faults.append(invalid(_CHAIN, name, "leaf certificate's DNSName should not contain '..'"))
        if name.startswith(".") or name.endswith("."):
            faults.append(invalid(_CHAIN, name, "leaf certificate's DNSName should not start or end with '.'"))
    for address in names.get_values_for_type(x509.RFC822Name):
        user, _, host = address.rpartition("@")
        if not user or not host:
            faults.append(invalid(_CHAIN, address, "leaf certificate should not contain invalid EmailAddress"))
    return faults


def _validate_present(status: dict[str, Any]) -> list[FieldError]:
    consistent = "must be present and consistent with the issued certificate"
    texts = {
        "notBefore": consistent,
        "notAfter": consistent,
        "beginRefreshAt": "must be present and in the range [notbefore+10min, notafter-10min]",
    }
    return [required(f"status.{key}", why) for key, why in texts.items() if not status.get(key)]


def _validate_times(status: dict[str, Any], leaf: x509.Certificate, max_seconds: int) -> list[FieldError]:
    """The first thing that is wrong. Whether the certificate begins about now is for admission to say, by its clock."""
    begin, end, refresh = (_time(status[key]) for key in ("notBefore", "notAfter", "beginRefreshAt"))
    lifetime = leaf.not_valid_after_utc - leaf.not_valid_before_utc
    nanoseconds = int(lifetime.total_seconds()) * 1_000_000_000
    if begin != leaf.not_valid_before_utc:
        why = "must be set to the NotBefore time encoded in the leaf certificate"
        return [invalid("status.notBefore", status["notBefore"], why)]
    if end != leaf.not_valid_after_utc:
        why = "must be set to the NotAfter time encoded in the leaf certificate"
        return [invalid("status.notAfter", status["notAfter"], why)]
    if lifetime < timedelta(hours=1):
        return [invalid(_CHAIN, nanoseconds, "leaf certificate lifetime must be >= 1 hour")]
    if lifetime > timedelta(seconds=max_seconds):
        why = f"leaf certificate lifetime must be <= spec.maxExpirationSeconds ({max_seconds})"
        return [invalid(_CHAIN, nanoseconds, why)]
    if refresh < begin + _MARGIN:
        why = "must be at least 10 minutes after status.notBefore"
        return [invalid("status.beginRefreshAt", status["beginRefreshAt"], why)]
    if refresh > end - _MARGIN:
        why = "must be at least 10 minutes before status.notAfter"
        return [invalid("status.beginRefreshAt", status["beginRefreshAt"], why)]
    return []


def _time(text: str) -> datetime:
    return datetime.fromtimestamp(parse_time(text), UTC)


def _validate_rest(blocks: list[pem.Block], chain: str) -> list[FieldError]:
    for block in blocks:
        if block.label != "CERTIFICATE":
            why = "issued certificate chain must consist entirely of CERTFICATE PEM blocks"
            return [invalid(_CHAIN, chain, why)]
        if _parse_certificate(block.der) is None:
            return [invalid(_CHAIN, chain, "intermediate certificate does not parse as valid X.509")]
    return []
