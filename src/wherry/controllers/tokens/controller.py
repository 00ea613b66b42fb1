"""Puts a token into Secrets that ask for one, and removes them with their service account (or from its list).

A Secret asks by its type and by the annotation that names the account. The token has no end of its own: it lives as
long as the Secret does, which is why authentication compares it with what stands here.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable

from wherry.api import Obj
from wherry.api.core.secret import SECRETS
from wherry.api.core.serviceaccount import SERVICEACCOUNTS
from wherry.api.errors import NotFound
from wherry.api.types.core_v1 import Secret, ServiceAccount
from wherry.api.types.decoding import convert, to_obj
from wherry.client import Key
from wherry.identity.keys import TokenKeys
from wherry.identity.tokens import Reference, format_legacy_claims
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

TYPE = "kubernetes.io/service-account-token"
ACCOUNT = "kubernetes.io/service-account.name"
ACCOUNT_UID = "kubernetes.io/service-account.uid"
_BY_ACCOUNT = "token-account"


async def reconcile(key: Key, deps: Deps) -> Result:
    secret = deps.client.informer(SECRETS, Secret).get(key)
    gone: dict[Key, Reference] = deps.state
    if key in gone:
        if secret is None:
            await _unlist(key, gone[key], deps)
        del gone[key]
    if secret is None or secret.type != TYPE or secret.metadata.deletion_timestamp is not None:
        return DONE
    name = secret.metadata.annotations.get(ACCOUNT, "")
    if not name:
        return DONE
    account = await _find_account(Key(key.namespace, name), deps)
    wanted_uid = secret.metadata.annotations.get(ACCOUNT_UID, "")
    if account is None or (wanted_uid and wanted_uid != account.metadata.uid):
        return await _remove(key, secret, deps)
    change = _missing(secret, Reference(name, account.metadata.uid or ""), deps)
    if change:
        try:
            await deps.client.patch(SECRETS, key.name, change, key.namespace)
        except NotFound:
            return DONE
    return DONE


async def _find_account(key: Key, deps: Deps) -> ServiceAccount | None:
    """The account as the cache shows it; the API itself is asked before it counts as missing."""
    shown = deps.client.informer(SERVICEACCOUNTS, ServiceAccount).get(key)
    if shown is not None:
        return shown
    try:
        return convert(ServiceAccount, await deps.client.get(SERVICEACCOUNTS, key.name, key.namespace))
    except NotFound:
        return None


async def _unlist(key: Key, reference: Reference, deps: Deps) -> None:
    """Take a Secret that is gone off its account's list."""
    account = deps.client.informer(SERVICEACCOUNTS, ServiceAccount).get(Key(key.namespace, reference.name))
    if account is None or (reference.uid and account.metadata.uid != reference.uid):
        return
    kept = [to_obj(each) for each in account.secrets if each.name != key.name]
    if len(kept) == len(account.secrets):
        return
    patch = {"metadata": {"resourceVersion": account.metadata.resource_version}, "secrets": kept or None}
    try:
        await deps.client.patch(SERVICEACCOUNTS, reference.name, patch, key.namespace)
    except NotFound:
        return


async def _remove(key: Key, secret: Secret, deps: Deps) -> Result:
    try:
        await deps.client.delete(SECRETS, key.name, key.namespace, uid=secret.metadata.uid or "")
    except NotFound:
        return DONE
    return DONE


def _missing(secret: Secret, account: Reference, deps: Deps) -> Obj:
    """The merge patch that completes the Secret in the version seen; empty when it is complete.

    A namespace that somebody put there is left alone.
    """
    data: dict[str, str] = {}
    namespace = secret.metadata.namespace or ""
    root_ca = deps.settings["root_ca"]().encode("ascii")
    if not secret.data.get("token"):
        keys: TokenKeys = deps.settings["keys"]
        token = keys.sign(format_legacy_claims(namespace, account, secret.metadata.name or ""))
        data["token"] = _encode(token.encode("ascii"))
    if root_ca and secret.data.get("ca.crt") != root_ca:
        data["ca.crt"] = _encode(root_ca)
    if not secret.data.get("namespace"):
        data["namespace"] = _encode(namespace.encode())
    if not data:
        return {}
    version = secret.metadata.resource_version
    return {"metadata": {"annotations": {ACCOUNT_UID: account.uid}, "resourceVersion": version}, "data": data}


def _encode(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def _account_of(secret: Secret) -> Iterable[str]:
    if secret.type == TYPE:
        yield f"{secret.metadata.namespace}/{secret.metadata.annotations.get(ACCOUNT, '')}"


def start(deps: Deps) -> dict[Key, Reference]:
    """Returns the Secrets that have gone and are not taken off the list of their account yet."""
    gone: dict[Key, Reference] = {}

    def note(old: Secret | None, new: Secret | None) -> None:
        if new is None and old is not None and old.type == TYPE:
            annotations = old.metadata.annotations
            account = Reference(annotations.get(ACCOUNT, ""), annotations.get(ACCOUNT_UID, ""))
            gone[Key(old.metadata.namespace, old.metadata.name)] = account

    informer = deps.client.informer(SECRETS, Secret)
    informer.add_index(_BY_ACCOUNT, _account_of)
    informer.add_handler(note)
    return gone


def _of_account(old: ServiceAccount | None, new: ServiceAccount | None, deps: Deps) -> Iterable[Key]:
    """Only coming and going matter; between them an account's tokens stay as they are."""
    view = new or old
    if view is None or (old is not None and new is not None):
        return
    where = f"{view.metadata.namespace}/{view.metadata.name}"
    for secret in deps.client.informer(SECRETS, Secret).by_index(_BY_ACCOUNT, where):
        yield Key(secret.metadata.namespace or "", secret.metadata.name or "")


def controller(keys: TokenKeys, root_ca: Callable[[], str]) -> Controller:
    """`keys` sign the tokens; `root_ca` is what their holders are to trust the API by (PEM)."""
    return Controller(
        name="serviceaccount-token-controller",
        reconciles=SECRETS,
        view=Secret,
        reconcile=reconcile,
        reads=(Watch(SERVICEACCOUNTS, ServiceAccount, _of_account),),
        writes=("secrets[kubernetes.io/service-account-token]", "serviceaccounts/secrets"),
        start=start,
        workers=1,
        settings={"keys": keys, "root_ca": root_ca},
    )
