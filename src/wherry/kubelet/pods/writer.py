"""Sends pods' statuses to the API: the latest of each pod, only what changed, in its own time.

Workers hand in whole statuses and go on; a pod has at most one request under way, and what comes in meanwhile waits as
one (the newest). Statuses go out as strategic merge patches that carry the pod's UID, so that they can neither hit
another pod of the same name nor undo other writers' conditions.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from wherry.api import Obj
from wherry.api.core.pod import PODS
from wherry.api.errors import ApiError, Conflict, Forbidden, Invalid, NotFound
from wherry.api.types.core_v1 import Pod
from wherry.api.types.decoding import to_obj
from wherry.client import Client, Patch
from wherry.kubelet.pods.resizing import CONDITIONS
from wherry.lib.backoff import Backoff
from wherry.lib.clock import Clock
from wherry.lib.tasks import Tasks

log = logging.getLogger(__name__)

_RETRY = Backoff(0.1, 10.0)


class _Entry:
    __slots__ = ("idle", "is_gone", "sent", "wanted")

    def __init__(self, sent: Obj) -> None:
        self.sent = sent
        self.wanted = sent
        self.idle = asyncio.Event()
        self.idle.set()
        self.is_gone = False


class StatusWriter:
    """The statuses of this node's pods on their way to the API."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._tasks = Tasks("pod statuses")

    def current(self, pod: Pod) -> Obj:
        """The status last handed in; at first, the one in the API."""
        entry = self._entries.get(pod.metadata.uid)
        if entry is None:
            entry = self._entries[pod.metadata.uid] = _Entry(to_obj(pod.status))
        return entry.wanted

    def foreign_conditions(self, pod: Pod, owned: tuple[str, ...]) -> list[Obj]:
        """Conditions that others have set, as the API has them now."""
        return [to_obj(each) for each in pod.status.conditions if each.type not in owned]

    def put(self, pod: Pod, status: Obj) -> None:
        """Report `status` from now on."""
        self.current(pod)
        entry = self._entries[pod.metadata.uid]
        entry.wanted = status
        if entry.idle.is_set() and status != entry.sent:
            entry.idle.clear()
            self._tasks.spawn(self._send(pod.metadata.namespace, pod.metadata.name, pod.metadata.uid, entry))

    async def flush(self, pod: Pod) -> None:
        """Return once the API has the latest status (or no longer has the pod)."""
        entry = self._entries.get(pod.metadata.uid)
        if entry is not None:
            await entry.idle.wait()

    def forget(self, uid: str) -> None:
        entry = self._entries.pop(uid, None)
        if entry is not None:
            entry.is_gone = True

    async def close(self) -> None:
        await self._tasks.close()

    async def _send(self, namespace: str, name: str, uid: str, entry: _Entry) -> None:
        failures = 0
        try:
            while not entry.is_gone and (patch := status_patch(entry.sent, entry.wanted)):
                wanted = entry.wanted
                try:
                    body = {"metadata": {"uid": uid}, "status": patch}
                    await self._client.patch(PODS, name, body, namespace, type=Patch.STRATEGIC, subresource="status")
                except NotFound:
                    entry.is_gone = True
                except Invalid as error:
                    log.error("status of pod %s/%s refused: %s", namespace, name, error)
                    entry.sent = wanted
                except (ApiError, OSError) as error:
                    if isinstance(error, Conflict) and await self._is_replaced(namespace, name, uid):
                        entry.is_gone = True
                        return
                    log.debug("status of pod %s/%s: %s", namespace, name, error)
                    await self._clock.sleep(_RETRY.delay(failures))
                    failures += 1
                else:
                    entry.sent = wanted
                    failures = 0
        finally:
            entry.idle.set()

    async def _is_replaced(self, namespace: str, name: str, uid: str) -> bool:
        """Whether another pod has the name by now, perhaps on another node, of which this one may not hear."""
        try:
            found = await self._client.get(PODS, name, namespace)
        except (NotFound, Forbidden):
            return True
        except (ApiError, OSError):
            return False
        return bool(found["metadata"]["uid"] != uid)


def status_patch(sent: Obj, wanted: Obj) -> Obj:
    """What turns one status into the other: changed fields whole, conditions one by one, and null for what went."""
    if sent == wanted:
        return {}
    patch: Obj = {
        key: value for key, value in wanted.items() if key != "conditions" and not _same(sent.get(key), value)
    }
    for key in _MERGED:
        if key in patch and key in sent:
            patch[key] = [{"$patch": "replace"}, *patch[key]]
    patch |= {key: None for key in sent if key not in wanted and key in _REMOVABLE}
    before: dict[str, Any] = {each["type"]: _plain(each) for each in sent.get("conditions", ())}
    changed = [
        {**dict.fromkeys(before.get(each["type"], ())), **each}
        for each in wanted.get("conditions", ())
        if before.get(each["type"]) != _plain(each)
    ]
    kept = {each["type"] for each in wanted.get("conditions", ())}
    changed += [{"$patch": "delete", "type": each} for each in CONDITIONS if each in before and each not in kept]
    if changed:
        patch["conditions"] = changed
    return patch


_REMOVABLE = ("reason", "message")
_MERGED = ("podIPs", "hostIPs")
"""Lists that a strategic patch would add to."""


def _same(sent: Any, wanted: Any) -> bool:
    """Whether two values say the same: a view shows no zeros of containers' statuses, although they are stored."""
    if sent == wanted:
        return True
    if not (isinstance(sent, list) and isinstance(wanted, list) and len(sent) == len(wanted)):
        return False
    return all(
        isinstance(one, dict) and isinstance(other, dict) and _full(one) == _full(other)
        for one, other in zip(sent, wanted, strict=True)
    )


def _full(status: Obj) -> Obj:
    """A container's status with the zeros that it has in any case, and without the nulls that are not stored."""
    full = {**_ZEROS, **status}
    for name in ("state", "lastState"):
        if ended := (status.get(name) or {}).get("terminated"):
            full[name] = {"terminated": {"exitCode": 0, **_plain(ended)}}
    return full


_ZEROS = {"restartCount": 0, "ready": False}


def _plain(sent: Obj) -> Obj:
    """Without nulls: what was sent as null comes back as nothing."""
    return {key: value for key, value in sent.items() if value is not None}
