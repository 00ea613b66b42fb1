"""Calls in tokens that stand in Secrets, are listed by their account, and were not used for a year; then deletes them.

A Secret that somebody made for himself is not listed by the account and stays; one that a Pod refers to stays too.
"""

from __future__ import annotations

from collections.abc import Iterable

from wherry.api import errors
from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.core.pod import PODS
from wherry.api.core.secret import SECRETS
from wherry.api.core.serviceaccount import SERVICEACCOUNTS
from wherry.api.types.core_v1 import ConfigMap, Pod, Secret, ServiceAccount
from wherry.client import Key
from wherry.controllers.tokens.controller import ACCOUNT, ACCOUNT_UID, TYPE
from wherry.controllers.tokens.plan import CallIn, Wait, is_mounted, next_step
from wherry.controllers.tokens.tracking import KEY, ONLY_OURS, since
from wherry.identity.legacytokens import DAY_SECONDS, INVALID_SINCE
from wherry.lib.clock import format_date
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch


async def reconcile(key: Key, deps: Deps) -> Result:
    secret = deps.client.informer(SECRETS, Secret).get(key)
    if secret is None or secret.metadata.deletion_timestamp is not None or not _is_listed(secret, deps):
        return DONE
    tracking = deps.client.informer(CONFIGMAPS, ConfigMap, field_selector=ONLY_OURS).get(KEY)
    tracked_since = since(tracking) if tracking is not None else None
    if tracked_since is None:
        return Result(DAY_SECONDS)
    now = deps.clock.time()
    step = next_step(secret, tracked_since, now)
    if step is None:
        return DONE
    if isinstance(step, Wait):
        return Result(step.until - now)
    if is_mounted(key.name, deps.client.informer(PODS, Pod).list(key.namespace)):
        return Result(DAY_SECONDS)
    if isinstance(step, CallIn):
        change = {"metadata": {"uid": secret.metadata.uid, "labels": {INVALID_SINCE: format_date(now)}}}
        await deps.client.patch(SECRETS, key.name, change, key.namespace)
        return DONE  # the change comes back here
    try:
        await deps.client.delete(SECRETS, key.name, key.namespace, resource_version=secret.metadata.resource_version)
    except errors.NotFound:
        return DONE
    return DONE


def _is_listed(secret: Secret, deps: Deps) -> bool:
    """Whether its account lists the Secret: then it was made by the cluster, not by somebody for himself."""
    annotations = secret.metadata.annotations
    name, uid = annotations.get(ACCOUNT, ""), annotations.get(ACCOUNT_UID, "")
    if secret.type != TYPE or not name:
        return False
    account = deps.client.informer(SERVICEACCOUNTS, ServiceAccount).get(Key(secret.metadata.namespace, name))
    if account is None or (uid and uid != account.metadata.uid):
        return False
    return any(each.name == secret.metadata.name for each in account.secrets)


def _of_account(old: ServiceAccount | None, new: ServiceAccount | None, deps: Deps) -> Iterable[Key]:
    if new is not None and (old is None or old.secrets != new.secrets):
        for each in new.secrets:
            yield Key(new.metadata.namespace, each.name or "")


CONTROLLER = Controller(
    name="legacy-serviceaccount-token-cleaner-controller",
    reconciles=SECRETS,
    view=Secret,
    reconcile=reconcile,
    reads=(Watch(SERVICEACCOUNTS, ServiceAccount, _of_account),),
    writes=(
        "secrets/metadata.labels[kubernetes.io/service-account-token]",
        "secrets[kubernetes.io/service-account-token] (delete)",
    ),
    workers=1,
)
