"""The certificate authority at work: makes keys and certificates and puts them where they belong.

Imported only when there is something to make (see `certificates.py`). A key that lies there already is used: it was
written by a start that was killed before its certificate, or its certificate is being renewed.
"""

from __future__ import annotations

from pathlib import Path

from wherry.identity import certificates
from wherry.identity.certificates import PrivateKey
from wherry.identity.files import PRIVATE, PUBLIC, sync_folder, write_atomically
from wherry.identity.pair import Pair, damaged
from wherry.identity.profiles import Profile


def make_authority(pair: Pair, common_name: str, now: float, lifetime_seconds: float) -> None:
    key = _key_at(pair.key)
    certificate = certificates.issue_authority(common_name, key, now, lifetime_seconds)
    write_atomically(pair.certificate, certificates.format_certificate(certificate), PUBLIC)
    sync_folder(pair.certificate.parent)


def make_leaf(authority: Pair, pair: Pair, profile: Profile, now: float, lifetime_seconds: float) -> None:
    signer = read_authority(authority)
    key = _key_at(pair.key)
    certificate = certificates.issue(signer, profile, key.public_key(), now, now + lifetime_seconds)
    write_atomically(pair.certificate, certificates.format_certificate(certificate), PUBLIC)
    sync_folder(pair.certificate.parent)


def make_token_key(path: Path) -> None:
    """The key that signs service-account tokens."""
    write_atomically(path, certificates.format_key(certificates.make_key()), PRIVATE)
    sync_folder(path.parent)


def read_authority(pair: Pair) -> certificates.Authority:
    """The authority, ready to sign; raises PkiError when its files are damaged."""
    try:
        certificate = certificates.parse_certificate(pair.certificate.read_bytes())
    except ValueError as error:
        raise damaged(pair.certificate, f"is damaged: {error}") from error
    return certificates.Authority(certificate, read_key(pair.key))


def read_key(path: Path) -> PrivateKey:
    try:
        return certificates.parse_key(path.read_bytes())
    except ValueError as error:
        raise damaged(path, f"is damaged: {error}") from error


def _key_at(path: Path) -> PrivateKey:
    if path.exists():
        return read_key(path)
    key = certificates.make_key()
    write_atomically(path, certificates.format_key(key), PRIVATE)
    return key
