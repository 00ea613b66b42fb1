"""The folder of keys and certificates that a cluster's identity rests on.

    ca.crt ca.key                        the authority that every other certificate is signed by
    sa.key                               signs service-account tokens
    apiserver.crt apiserver.key          what the API server shows to clients
    apiserver-kubelet-client.crt .key    what it shows to kubelets
    admin.crt admin.key                  the administrator

The rule that makes a kill at any step harmless: a key is written whole before anything that depends on it, a
certificate is always made for the key that is there, and a renewal keeps the key. So a certificate that is missing,
foreign or about to end is simply made again; only a lost or damaged *key* needs a person, and is said in one sentence.

The authority's name carries the time at which it was made. That a certificate belongs to it is then told by comparing
names, and a start that has nothing to make needs no cryptography library at all.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path

from wherry.identity import profiles
from wherry.identity.der import CertificateInfo
from wherry.identity.files import make_private_folder
from wherry.identity.pair import Pair, PkiError, damaged
from wherry.identity.profiles import Profile, ServerNames

_DAY = 86_400.0
AUTHORITY_LIFETIME = 3_650 * _DAY
LEAF_LIFETIME = 365 * _DAY
_RENEW_AT = 2 / 3
"""The part of its life after which a certificate is made again."""

SERVING = "apiserver"
KUBELET_CLIENT = "apiserver-kubelet-client"
ADMIN = "admin"


class Pki:
    """An opened folder: everything that was wanted is there, whole, and belongs together."""

    __slots__ = ("_leaves", "authority", "folder")

    def __init__(self, folder: Path, authority: CertificateInfo) -> None:
        self.folder = folder
        self.authority = authority
        self._leaves: dict[str, tuple[Pair, Profile, CertificateInfo]] = {}

    @property
    def authority_pair(self) -> Pair:
        return Pair(self.folder / "ca.crt", self.folder / "ca.key")

    @property
    def authority_file(self) -> Path:
        return self.folder / "ca.crt"

    @property
    def token_key_file(self) -> Path:
        return self.folder / "sa.key"

    @property
    def authority_pem(self) -> str:
        return self.authority_file.read_text("ascii")

    def pair(self, name: str) -> Pair:
        """Where a certificate that was `ensure`d lies: `SERVING`, `KUBELET_CLIENT`, `ADMIN` or a node's."""
        return self._leaves[name][0]

    def certificates(self) -> Mapping[str, CertificateInfo]:
        """What there is, for status pages and metrics."""
        return {name: info for name, (_, _, info) in self._leaves.items()}

    def ensure(self, name: str, profile: Profile, now: float, folder: Path | None = None) -> Pair:
        """Have a certificate of this profile under `name`, made now if there is none or it does not fit."""
        where = folder or self.folder
        make_private_folder(where)
        pair = Pair(where / f"{name}.crt", where / f"{name}.key")
        info = self._usable(pair, profile, now)
        if info is None:
            info = self._issue(pair, profile, now)
        self._leaves[name] = (pair, profile, info)
        return pair

    def due(self, now: float) -> list[str]:
        """Which certificates have lived two thirds of their life."""
        return [name for name, (_, _, info) in self._leaves.items() if now >= renewal_time(info)]

    def next_due(self) -> float:
        """When the next certificate should be renewed, in seconds since the epoch."""
        return min((renewal_time(info) for _, _, info in self._leaves.values()), default=float("inf"))

    def renew(self, now: float) -> list[str]:
        """Make again, in place and for the same key, what is due; returns the names."""
        names = self.due(now)
        for name in names:
            pair, profile, _ = self._leaves[name]
            self._leaves[name] = (pair, profile, self._issue(pair, profile, now))
        return names

    def server_context(self) -> ssl.SSLContext:
        """TLS as the API server speaks it: its own certificate, and client certificates of this authority if sent."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(self.authority_file))
        context.verify_mode = ssl.CERT_OPTIONAL
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        self.reload(context, SERVING)
        return context

    def reload(self, context: ssl.SSLContext, name: str = SERVING) -> None:
        """Let a live context show the renewed certificate to connections from now on."""
        pair = self.pair(name)
        context.load_cert_chain(pair.certificate, pair.key)

    def _usable(self, pair: Pair, profile: Profile, now: float) -> CertificateInfo | None:
        """The certificate that is there, if it is whole, ours, says what is wanted and is not due."""
        if not pair.key.exists() or not pair.certificate.exists():
            return None
        try:
            info = pair.info()
        except ValueError:
            return None
        if info.issuer != self.authority.subject or now >= renewal_time(info) or not says(info, profile):
            return None
        return info if pair.fits() else None

    def _issue(self, pair: Pair, profile: Profile, now: float) -> CertificateInfo:
        from wherry.identity import ca

        ca.make_leaf(self.authority_pair, pair, profile, now, LEAF_LIFETIME)
        return pair.info()


def open_pki(folder: Path, names: ServerNames, now: float) -> Pki:
    """Open the folder, making at the first start whatever is missing; raises PkiError when a person must look."""
    make_private_folder(folder)
    _sweep(folder)
    pki = Pki(folder, _ensure_authority(Pair(folder / "ca.crt", folder / "ca.key"), now))
    _ensure_token_key(pki.token_key_file)
    pki.ensure(SERVING, profiles.api_server(names), now)
    pki.ensure(KUBELET_CLIENT, profiles.KUBELET_CLIENT, now)
    pki.ensure(ADMIN, profiles.ADMIN, now)
    return pki


def renewal_time(info: CertificateInfo) -> float:
    """When a certificate should be made again: long before it ends."""
    return info.not_before + (info.not_after - info.not_before) * _RENEW_AT


def _ensure_authority(pair: Pair, now: float) -> CertificateInfo:
    if not pair.certificate.exists():
        from wherry.identity import ca

        ca.make_authority(pair, f"wherry-ca@{int(now)}", now, AUTHORITY_LIFETIME)
        return pair.info()
    if not pair.key.exists():
        raise damaged(pair.certificate, f"is there but its key {pair.key.name} is missing")
    try:
        info = pair.info()
    except ValueError as error:
        raise damaged(pair.certificate, f"is damaged: {error}") from error
    if not pair.fits():
        raise damaged(pair.key, f"is damaged or is not the key of {pair.certificate.name}")
    if now >= info.not_after:
        raise PkiError(f"{pair.certificate} has expired", f"remove {pair.certificate.parent} to begin a new identity")
    return info


def _ensure_token_key(path: Path) -> None:
    if not path.exists():
        from wherry.identity import ca

        ca.make_token_key(path)
    elif b"PRIVATE KEY-----" not in path.read_bytes():
        raise damaged(path, "is damaged: no private key in it")


def says(info: CertificateInfo, profile: Profile) -> bool:
    """Whether a certificate names all that is wanted; more does no harm (an address the host had last week)."""
    return (
        info.common_name == profile.common_name
        and set(info.organizations) == set(profile.organizations)
        and set(info.dns_names) >= set(profile.dns_names)
        and set(info.addresses) >= set(profile.addresses)
    )


def _sweep(folder: Path) -> None:
    """Remove what a killed write left behind."""
    for leftover in folder.glob(".*.*"):
        leftover.unlink(missing_ok=True)
