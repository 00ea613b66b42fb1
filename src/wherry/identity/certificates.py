"""Making keys and certificates: ECDSA on P-256, the quickest that every TLS library speaks.

Imported only when something has to be made or signed: the library behind it costs more memory than an idle API server.
All functions are pure but for the randomness that keys and serial numbers need.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from wherry.identity.profiles import Profile, Usage
from wherry.lib.discreet import Discreet

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_USAGES = {Usage.SERVER: ExtendedKeyUsageOID.SERVER_AUTH, Usage.CLIENT: ExtendedKeyUsageOID.CLIENT_AUTH}

_BACKDATE_SECONDS = 300
"""How long before now a certificate begins, so that a peer whose clock is a little behind accepts it."""


class Authority(Discreet, frozen=True):
    """A certificate that signs others, with its key."""

    UNSHOWN = frozenset({"key"})

    certificate: x509.Certificate
    key: PrivateKey


def make_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def format_key(key: PrivateKey) -> bytes:
    """PEM in PKCS#8, which every client reads."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def parse_key(pem: bytes) -> PrivateKey:
    """Raises ValueError when it is not an unencrypted P-256 or RSA private key."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise ValueError("no private key in it") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ValueError("a private key of a kind that is not used here")
    return key


def format_certificate(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def parse_certificate(pem: bytes) -> x509.Certificate:
    """Raises ValueError when there is no certificate in it."""
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise ValueError("no certificate in it") from error


def is_pair(certificate: x509.Certificate, key: PrivateKey) -> bool:
    """Whether the certificate was made for this key."""
    return certificate.public_key() == key.public_key()


def is_issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except Exception:
        return False
    return True


def make_authority(common_name: str, now: float, lifetime_seconds: float) -> Authority:
    """A self-signed authority."""
    key = make_key()
    return Authority(issue_authority(common_name, key, now, lifetime_seconds), key)


def issue_authority(common_name: str, key: PrivateKey, now: float, lifetime_seconds: float) -> x509.Certificate:
    """The self-signed certificate of an authority whose key exists already."""
    name = _name(common_name, ())
    builder = _begin(name, name, key.public_key(), now, now + lifetime_seconds)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(_key_usage(authority=True), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return builder.sign(key, hashes.SHA256())


def issue(
    authority: Authority, profile: Profile, public_key: CertificatePublicKeyTypes, now: float, not_after: float
) -> x509.Certificate:
    """Sign a certificate that ends at `not_after`, or with its authority if that is sooner."""
    not_after = min(not_after, authority.certificate.not_valid_after_utc.timestamp())
    name = _name(profile.common_name, profile.organizations)
    builder = _begin(name, authority.certificate.subject, public_key, now, not_after)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_key_usage(authority=False, rsa_key=_is_rsa(public_key)), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([_USAGES[usage] for usage in profile.usages]), critical=False)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(_authority_key(authority)), critical=False
    )
    if profile.dns_names or profile.addresses:
        builder = builder.add_extension(
            x509.SubjectAlternativeName(_general_names(profile.dns_names, profile.addresses)), critical=False
        )
    return builder.sign(authority.key, hashes.SHA256())


def make_request(profile: Profile, key: PrivateKey) -> bytes:
    """A certificate signing request in PEM, as an agent sends it to join."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name(profile.common_name, profile.organizations))
    if profile.dns_names or profile.addresses:
        names = x509.SubjectAlternativeName(_general_names(profile.dns_names, profile.addresses))
        builder = builder.add_extension(names, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _begin(
    subject: x509.Name, issuer: x509.Name, public_key: CertificatePublicKeyTypes, now: float, not_after: float
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_moment(now - _BACKDATE_SECONDS))
        .not_valid_after(_moment(not_after))
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _name(common_name: str, organizations: Sequence[str]) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization) for organization in organizations]
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_names(dns_names: Sequence[str], addresses: Sequence[str]) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in dns_names]
    names.extend(x509.IPAddress(ipaddress.ip_address(address)) for address in addresses)
    return names


def _key_usage(*, authority: bool, rsa_key: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=authority or rsa_key,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _is_rsa(public_key: CertificatePublicKeyTypes) -> bool:
    return isinstance(public_key, rsa.RSAPublicKey)


def _authority_key(authority: Authority) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
    return authority.key.public_key()
