"""Creating and deleting Pods in numbers, with the Events upstream emits.

Creation starts slowly (1, 2, 4 …, at most `WIDEST` at once): when the first attempt fails for want of quota or because
of a bad template, the other hundred are not tried.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from wherry.api import Obj, errors
from wherry.api.core.pod import PODS
from wherry.api.types.core_v1 import Pod
from wherry.client import Key
from wherry.controllers.ownership import key_of
from wherry.reconcile.controller import Deps
from wherry.reconcile.expectations import Expectations

WIDEST = 64


async def slow_start(count: int, action: Callable[[int], Awaitable[None]]) -> tuple[int, Exception | None]:
    """Run `action(0..count-1)` in growing batches; stop after a batch with a failure.

    Returns (successes, the first failure if any).
    """
    done, size = 0, 1
    while done < count:
        size = min(size, count - done, WIDEST)
        outcomes = await asyncio.gather(*(action(done + i) for i in range(size)), return_exceptions=True)
        failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        done += size - len(failures)
        for failure in failures:
            if not isinstance(failure, Exception):
                raise failure
            return done, failure
        size *= 2
    return done, None


async def create_pod(
    deps: Deps, owner: Any, namespace: str, pod: Obj, expected: Expectations[str] | None = None
) -> Obj:
    """Create one Pod for `owner` (a view), with its Event."""
    try:
        created = await deps.client.create(PODS, pod, namespace)
    except errors.ApiError as error:
        if not is_namespace_terminating(error):
            deps.events.event(owner, "Warning", "FailedCreate", f"Error creating: {error.message}")
        raise
    metadata = created["metadata"]
    if expected is not None:
        expected.created(owner.metadata.uid, Key(namespace, metadata["name"]), metadata["uid"])
    deps.events.event(owner, "Normal", "SuccessfulCreate", f"Created pod: {metadata['name']}")
    return created


async def delete_pod(deps: Deps, owner: Any, pod: Pod, expected: Expectations[str] | None = None) -> None:
    """Delete one Pod of `owner`, with its Event. That it is gone already is no error.

    That another Pod bears the name is one, of the cache, and gone with the next look.
    """
    metadata = pod.metadata
    try:
        await deps.client.delete(PODS, metadata.name, metadata.namespace, uid=metadata.uid)
    except errors.NotFound:
        return
    except errors.Conflict:
        raise
    except errors.ApiError as error:
        deps.events.event(owner, "Warning", "FailedDelete", f"Error deleting: {error.message}")
        raise
    if expected is not None:
        expected.deleted(owner.metadata.uid, key_of(metadata), metadata.uid)
    deps.events.event(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {metadata.name}")


async def delete_pods(
    deps: Deps, owner: Any, pods: Sequence[Pod], expected: Expectations[str] | None = None
) -> Exception | None:
    """Delete Pods, `WIDEST` at once; returns the first failure after all were tried."""
    first: Exception | None = None
    for start in range(0, len(pods), WIDEST):
        batch = pods[start : start + WIDEST]
        outcomes = await asyncio.gather(
            *(delete_pod(deps, owner, pod, expected) for pod in batch), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                first = first or outcome
            elif isinstance(outcome, BaseException):
                raise outcome
    return first


def is_namespace_terminating(error: errors.ApiError) -> bool:
    """Whether a creation was refused because its namespace is going away; there is nothing to report then."""
    causes = (error.details or {}).get("causes") or ()
    return any(cause.get("reason") == "NamespaceTerminating" for cause in causes)
