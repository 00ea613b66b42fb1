"""A certificate and its key on disk, and what is said when they are not in order."""

from __future__ import annotations

import ssl
from pathlib import Path

from msgspec import Struct

from wherry.identity.der import CertificateInfo, decode_pem, read_certificate


class PkiError(Exception):
    """Keys or certificates cannot be used as they are. One sentence; `hint` says what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Pair(Struct, frozen=True):
    """Where a certificate and its key lie."""

    certificate: Path
    key: Path

    def read(self) -> tuple[bytes, bytes]:
        """(certificate, key), both PEM."""
        return self.certificate.read_bytes(), self.key.read_bytes()

    def info(self) -> CertificateInfo:
        """What the certificate says; raises ValueError when it is damaged."""
        try:
            return read_certificate(decode_pem(self.certificate.read_text("ascii")))
        except UnicodeDecodeError as error:
            raise ValueError("no CERTIFICATE in it") from error

    def fits(self) -> bool:
        """Whether the certificate was made for the key; TLS itself is asked, since it is loaded anyway."""
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.certificate, self.key, password="")
        except (ssl.SSLError, ValueError):
            return False
        return True


def damaged(path: Path, why: str) -> PkiError:
    """The error of a file that only a person can put right."""
    return PkiError(
        f"{path} {why}",
        f"restore it from a backup, or remove {path.parent} to begin a new identity (clients need new kubeconfigs)",
    )
