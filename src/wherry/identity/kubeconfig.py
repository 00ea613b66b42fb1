"""How a client finds the API and proves who it is: made, read, and merged into the user's own file.

The user's kubeconfig belongs to the user: every entry that is not ours stays as it is (comments apart, which no YAML
library keeps through a rewrite), the file keeps its mode, and a file we cannot read is refused rather than replaced.
"""

from __future__ import annotations

import binascii
import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wherry.identity.files import PRIVATE, write_atomically
from wherry.lib.discreet import Discreet

Document = dict[str, Any]


class KubeconfigError(Exception):
    """The file cannot be used as it is. One sentence; `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Kubeconfig(Discreet, frozen=True):
    """One cluster as one user: what the HTTP client needs."""

    UNSHOWN = frozenset({"key", "token"})

    server: str
    authority: bytes = b""
    """PEM of what the server's certificate must be signed by; empty for the machine's own trust."""
    certificate: bytes = b""
    key: bytes = b""
    token: str = ""
    token_file: str = ""
    namespace: str = ""
    is_insecure: bool = False
    """Whether the server's certificate is not checked at all (`insecure-skip-tls-verify`)."""
    server_name: str = ""
    """The name to check the server's certificate for, when it is not that of the URL."""


def format_kubeconfig(config: Kubeconfig, name: str = "wherry") -> bytes:
    """A file with this cluster, user and context, all under `name`, keys embedded."""
    return _dump(_merge(_empty(), config, name, make_current=True))


def parse_kubeconfig(data: bytes, context: str = "", base: Path | None = None) -> Kubeconfig:
    """The cluster and user of a context (the current one if none is named); raises KubeconfigError.

    `base` is the folder that relative paths in the file start from.
    """
    document = _load(data, "the kubeconfig")
    name = context or document.get("current-context") or ""
    if not name:
        raise KubeconfigError("the kubeconfig has no current context", "name one, or run `kubectl config use-context`")
    chosen = _entry(document, "contexts", name, "context")
    cluster = _entry(document, "clusters", str(chosen.get("cluster") or ""), "cluster")
    user = _entry(document, "users", str(chosen.get("user") or ""), "user") if chosen.get("user") else {}
    folder = base or Path()
    return Kubeconfig(
        server=str(cluster.get("server") or ""),
        authority=_material(cluster, "certificate-authority", folder),
        certificate=_material(user, "client-certificate", folder),
        key=_material(user, "client-key", folder),
        token=str(user.get("token") or ""),
        token_file=str(folder / user["tokenFile"]) if user.get("tokenFile") else "",
        namespace=str(chosen.get("namespace") or ""),
        is_insecure=bool(cluster.get("insecure-skip-tls-verify")),
        server_name=str(cluster.get("tls-server-name") or ""),
    )


def read_kubeconfig(path: Path, context: str = "") -> Kubeconfig:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise KubeconfigError(f"cannot read {path}: {error.strerror}") from error
    return parse_kubeconfig(data, context, path.parent)


def write_kubeconfig(path: Path, config: Kubeconfig, name: str = "wherry") -> None:
    """A file of our own, readable by its owner alone."""
    data = format_kubeconfig(config, name)
    if not path.exists() or path.read_bytes() != data or path.stat().st_mode & 0o077:
        write_atomically(path, data, PRIVATE)


def user_file(environment: Mapping[str, str], home: Path) -> Path:
    """Which file `kubectl` would write to: the first of KUBECONFIG that exists, else its last, else the default."""
    paths = [Path(text) for text in environment.get("KUBECONFIG", "").split(os.pathsep) if text]
    if not paths:
        return home / ".kube" / "config"
    return next((path for path in paths if path.exists()), paths[-1])


def merge_into(path: Path, config: Kubeconfig, name: str = "wherry", *, make_current: bool = True) -> None:
    """Put our cluster, user and context into the user's file, beside whatever is there."""
    target = _real(path)
    document = _load(target.read_bytes(), str(path)) if target.exists() else _empty()
    _replace(target, _merge(document, config, name, make_current=make_current))


def remove_from(path: Path, name: str = "wherry") -> bool:
    """Take our entries out again; returns whether there were any. Nothing is made that was not there."""
    target = _real(path)
    if not target.exists():
        return False
    document = _load(target.read_bytes(), str(path))
    found = False
    for section in ("clusters", "users", "contexts"):
        entries = document.get(section) or []
        kept = [entry for entry in entries if entry.get("name") != name]
        found = found or len(kept) != len(entries)
        document[section] = kept
    if document.get("current-context") == name:
        document["current-context"] = ""
        found = True
    if found:
        _replace(target, document)
    return found


def _merge(document: Document, config: Kubeconfig, name: str, *, make_current: bool) -> Document:
    cluster: Document = {"server": config.server}
    _embed(cluster, "certificate-authority-data", config.authority)
    if config.is_insecure:
        cluster["insecure-skip-tls-verify"] = True
    if config.server_name:
        cluster["tls-server-name"] = config.server_name
    user: Document = {}
    _embed(user, "client-certificate-data", config.certificate)
    _embed(user, "client-key-data", config.key)
    if config.token:
        user["token"] = config.token
    if config.token_file:
        user["tokenFile"] = config.token_file
    context: Document = {"cluster": name, "user": name}
    if config.namespace:
        context["namespace"] = config.namespace
    for section, key, value in (
        ("clusters", "cluster", cluster),
        ("users", "user", user),
        ("contexts", "context", context),
    ):
        _put(document, section, name, key, value)
    if make_current or not document.get("current-context"):
        document["current-context"] = name
    return document


def _put(document: Document, section: str, name: str, key: str, value: Document) -> None:
    entries = document.get(section) or []
    ours = {"name": name, key: value}
    for index, entry in enumerate(entries):
        if entry.get("name") == name:
            if section == "contexts" and "namespace" not in value and (old := (entry.get(key) or {}).get("namespace")):
                value["namespace"] = old
            entries[index] = ours
            break
    else:
        entries.append(ours)
    document[section] = entries


def _embed(target: Document, key: str, data: bytes) -> None:
    if data:
        target[key] = b64encode(data).decode("ascii")


def _entry(document: Document, section: str, name: str, kind: str) -> Document:
    for entry in document.get(section) or []:
        if isinstance(entry, dict) and entry.get("name") == name:
            return entry.get(kind) or {}
    raise KubeconfigError(f'the kubeconfig has no {kind} named "{name}"')


def _material(entry: Document, key: str, folder: Path) -> bytes:
    """A certificate or key: embedded, or in a file beside the kubeconfig."""
    if embedded := entry.get(f"{key}-data"):
        try:
            return b64decode(embedded, validate=True)
        except (binascii.Error, TypeError, ValueError) as error:
            raise KubeconfigError(f"{key}-data of the kubeconfig is not base64") from error
    if path := entry.get(key):
        try:
            return (folder / str(path)).read_bytes()
        except OSError as error:
            raise KubeconfigError(f"cannot read {folder / str(path)}: {error.strerror}") from error
    return b""


def _empty() -> Document:
    return {"apiVersion": "v1", "kind": "Config", "clusters": [], "contexts": [], "users": [], "current-context": ""}


def _load(data: bytes, what: str) -> Document:
    import yaml

    try:
        document = yaml.load(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise KubeconfigError(f"{what} is not YAML", "repair it, or move it away") from error
    if document is None:
        return _empty()
    sections = ("clusters", "users", "contexts")
    if not isinstance(document, dict) or any(not isinstance(document.get(key) or [], list) for key in sections):
        raise KubeconfigError(f"{what} is not a kubeconfig", "repair it, or move it away")
    if any(not isinstance(entry, dict) for key in sections for entry in document.get(key) or []):
        raise KubeconfigError(f"{what} is not a kubeconfig", "repair it, or move it away")
    return document


def _dump(document: Document) -> bytes:
    import yaml

    text: str = yaml.dump(
        document, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False, allow_unicode=True
    )
    return text.encode("utf-8")


def _replace(path: Path, document: Document) -> None:
    mode = path.stat().st_mode & 0o777 if path.exists() else PRIVATE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(path, _dump(document), mode)


def _real(path: Path) -> Path:
    """The file behind a link, so that a linked kubeconfig stays a link."""
    return path.resolve() if path.is_symlink() else path
