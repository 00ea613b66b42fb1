"""TLS contexts for both sides.

A server asks for a client certificate but does not insist (`CERT_OPTIONAL`): whoever has none may still have a token.
A context stays alive when certificates are renewed; `load_certificate` on it again serves all handshakes from then on.
Sessions are not resumed, so that every connection is judged by the certificate authorities of its own time.
"""

from __future__ import annotations

import ssl
from pathlib import Path

PathLike = str | Path


def server_context(
    certificate: PathLike | None, key: PathLike | None, client_ca: PathLike | None = None
) -> ssl.SSLContext:
    """The context of a server that verifies client certificates against `client_ca`, if given.

    Without a certificate every handshake fails until `load_certificate` has been called on it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    context.set_alpn_protocols(["http/1.1"])
    if client_ca is not None:
        context.load_verify_locations(str(client_ca))
        context.verify_mode = ssl.CERT_OPTIONAL
    if certificate is not None:
        load_certificate(context, certificate, key)
    return context


def client_context(
    ca: PathLike | None = None,
    *,
    ca_data: bytes = b"",
    certificate: PathLike | None = None,
    key: PathLike | None = None,
    verify: bool = True,
) -> ssl.SSLContext:
    """The context of a client; without a CA the machine's own list of authorities decides."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif ca is not None:
        context.load_verify_locations(str(ca))
    elif ca_data:
        context.load_verify_locations(cadata=ca_data.decode("ascii"))
    else:
        context.load_default_certs()
    if certificate is not None:
        load_certificate(context, certificate, key)
    return context


def load_certificate(context: ssl.SSLContext, certificate: PathLike, key: PathLike | None) -> None:
    """Use this certificate for all handshakes to come; raises ssl.SSLError or OSError when it cannot."""
    context.load_cert_chain(str(certificate), None if key is None else str(key))
