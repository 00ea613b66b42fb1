"""Says in a ConfigMap since which day the server notes who uses tokens that stand in Secrets."""

from __future__ import annotations

from wherry.api import errors
from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.types.core_v1 import ConfigMap
from wherry.client import Key
from wherry.identity.legacytokens import SINCE, TRACKING
from wherry.lib.clock import format_date, parse_date
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

KEY = Key("kube-system", TRACKING)
ONLY_OURS = f"metadata.name={TRACKING}"
_PAUSE_SECONDS = 30 * 60.0
"""Between two creations, so that servers that disagree about whether it should be there do not fight over it."""


class State:
    """When it may be created again, on the monotonic clock."""

    __slots__ = ("not_before",)

    def __init__(self) -> None:
        self.not_before = float("-inf")


def start(deps: Deps) -> State:
    deps.enqueue(KEY)
    return State()


async def reconcile(key: Key, deps: Deps) -> Result:
    if key != KEY:
        return DONE
    present = deps.client.informer(CONFIGMAPS, ConfigMap, field_selector=ONLY_OURS).get(key)
    today = {SINCE: format_date(deps.clock.time())}
    if present is None:
        return await _create(today, deps)
    if since(present) is None:
        patch = {"metadata": {"resourceVersion": present.metadata.resource_version}, "data": today}
        try:
            await deps.client.patch(CONFIGMAPS, key.name, patch, key.namespace)
        except errors.NotFound:
            return DONE
    return DONE


async def _create(data: dict[str, str], deps: Deps) -> Result:
    state: State = deps.state
    now = deps.clock.monotonic()
    if now < state.not_before:
        return Result(state.not_before - now)
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": KEY.name}, "data": data}
    try:
        await deps.client.create(CONFIGMAPS, obj, KEY.namespace)
    except errors.AlreadyExists:
        return DONE
    state.not_before = now + _PAUSE_SECONDS
    return DONE


def since(config: ConfigMap) -> float | None:
    """When the day began on which tracking did; None where the ConfigMap does not say."""
    try:
        return parse_date(config.data.get(SINCE, ""))
    except ValueError:
        return None


def _key(old: ConfigMap | None, new: ConfigMap | None, deps: Deps) -> tuple[Key, ...]:
    view = new or old
    return (KEY,) if view is not None and view.metadata.namespace == KEY.namespace else ()


CONTROLLER = Controller(
    name="legacy-token-tracking-controller",
    reconciles=CONFIGMAPS,
    view=ConfigMap,
    reconcile=reconcile,
    hears_own=False,
    reads=(Watch(CONFIGMAPS, ConfigMap, _key, ONLY_OURS),),
    writes=(f"configmaps[{TRACKING}]",),
    start=start,
    workers=1,
    manager="kube-apiserver",
)
