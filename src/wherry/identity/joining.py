"""How a node gets its certificates from a server on another machine: it makes its keys itself and asks.

    key, request = client_request(node)              # with a bootstrap token: POST it, then read it back until
    certificate = issued_certificate(answer)         # it is answered
    key, request = server_request(node, addresses)   # with the certificate just got, once the Node has its addresses

Keys never leave the machine. `save` puts a pair where the agent looks for it: the key first, so that a kill between the
two costs only one more request.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

from wherry.identity.der import CertificateInfo, decode_pem, read_certificate
from wherry.identity.files import PRIVATE, PUBLIC, make_private_folder, sync_folder, write_atomically
from wherry.identity.pair import Pair
from wherry.identity.pki import says
from wherry.identity.profiles import Profile, node_client, node_server
from wherry.identity.signers import KUBELET_CLIENT, KUBELET_SERVING


class Refused(Exception):
    """The cluster said no, with its reason."""


def client_request(node: str, key_pem: bytes = b"") -> tuple[bytes, dict[str, Any]]:
    """(key, CertificateSigningRequest) for who the node is; a key that there is already is used again."""
    return _request(node_client(node), KUBELET_CLIENT, "client auth", f"node-csr-{node}-", key_pem)


def server_request(node: str, addresses: tuple[str, ...], key_pem: bytes = b"") -> tuple[bytes, dict[str, Any]]:
    """(key, CertificateSigningRequest) for what the node's kubelet shows to those who call it."""
    return _request(node_server(node, addresses), KUBELET_SERVING, "server auth", f"node-csr-{node}-", key_pem)


def issued_certificate(request: dict[str, Any]) -> bytes | None:
    """The certificate (PEM) that a request was answered with; None while it waits; raises Refused."""
    status = request.get("status") or {}
    for condition in status.get("conditions") or ():
        if condition.get("type") in ("Denied", "Failed"):
            raise Refused(condition.get("message") or condition.get("reason") or condition["type"])
    text = status.get("certificate")
    return b64decode(text) if text else None


def usable(pair: Pair, profile: Profile, authority_pem: bytes) -> CertificateInfo | None:
    """The certificate that is there, if it is whole, of this authority, and says what is wanted; it may have ended."""
    if not pair.key.exists() or not pair.certificate.exists():
        return None
    try:
        info = pair.info()
        authority = read_certificate(decode_pem(authority_pem.decode("ascii")))
    except ValueError:
        return None
    is_ours = info.issuer == authority.subject and says(info, profile)
    return info if is_ours and pair.fits() else None


def save_key(path: Path, key_pem: bytes) -> None:
    """Keep a key before anybody is asked to certify it, so that a kill costs no more than one request."""
    make_private_folder(path.parent)
    write_atomically(path, key_pem, PRIVATE)
    sync_folder(path.parent)


def save(folder: Path, name: str, key_pem: bytes, certificate_pem: bytes) -> Pair:
    """Keep a pair where the agent looks for it."""
    make_private_folder(folder)
    pair = Pair(folder / f"{name}.crt", folder / f"{name}.key")
    write_atomically(pair.key, key_pem, PRIVATE)
    write_atomically(pair.certificate, certificate_pem, PUBLIC)
    sync_folder(folder)
    return pair


def _request(profile: Profile, signer: str, usage: str, prefix: str, key_pem: bytes) -> tuple[bytes, dict[str, Any]]:
    # A start that has nothing to ask for does not pay for the library.
    from wherry.identity import certificates

    key = certificates.parse_key(key_pem) if key_pem else certificates.make_key()
    spec = {
        "request": b64encode(certificates.make_request(profile, key)).decode("ascii"),
        "signerName": signer,
        "usages": ["digital signature", usage],
    }
    request = {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"generateName": prefix},
        "spec": spec,
    }
    return certificates.format_key(key), request
