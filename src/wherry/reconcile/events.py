"""Records Kubernetes Events: at once for the caller, later for the API, and never as an error.

`Recorder.event` only queues. A sender exists while there is something to send; when more than a thousand Events wait,
new ones are dropped, since a cluster in that state needs its API for other things. What becomes of an Event is decided
in `correlate.py`.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Any

from wherry.api import Obj, errors
from wherry.api.core.event import EVENTS
from wherry.api.core.namespace import NAMESPACES
from wherry.api.types.core_v1 import Namespace
from wherry.client import Client, Key
from wherry.lib.clock import Clock, format_time
from wherry.lib.tasks import Tasks
from wherry.reconcile.acting import act_as
from wherry.reconcile.correlate import Correlator, Occurrence, Record, Subject, Verdict

log = logging.getLogger(__name__)

MAX_WAITING = 1000
MAX_MESSAGE = 1024
MAX_TRIES = 12
RETRY_SECONDS = 10.0


class Recorder:
    """The `EventSink` of one component of one control plane (or node: give its name as `host`)."""

    __slots__ = (
        "_client",
        "_clock",
        "_component",
        "_correlator",
        "_host",
        "_is_closing",
        "_is_sending",
        "_last_stamp",
        "_tasks",
        "_waiting",
        "dropped",
    )

    def __init__(
        self,
        client: Client,
        clock: Clock,
        component: str,
        host: str = "",
        is_closing: Callable[[str], bool] = lambda namespace: False,
    ) -> None:
        """`is_closing` tells which namespaces would refuse a new Event, for those who have that at hand: each of the
        thousands of Pods that go with a namespace has something to say."""
        self._client = client
        self._is_closing = is_closing
        self._clock = clock
        self._component = component
        self._host = host
        self._correlator = Correlator()
        self._waiting: deque[tuple[Occurrence, str, float]] = deque()
        self._tasks = Tasks(f"events of {component}")
        self._last_stamp = 0
        self._is_sending = False
        self.dropped = 0

    def event(self, about: Any, type: str, reason: str, message: str, *, action: str = "") -> None:
        """Record that something happened to `about`, a view or a plain object."""
        self.record(self._component, about, "", type, reason, message)

    def record(
        self, component: str, about: Any, field_path: str, type: str, reason: str, message: str, host: str = ""
    ) -> None:
        """As `event`, for a named component (on another host), about a part of the object: `spec.containers{web}`."""
        if len(self._waiting) >= MAX_WAITING:
            self.dropped += 1
            return
        subject, version = _subject(about)
        seen = Occurrence((component, host or self._host), subject, field_path, type, reason, _shorten(message))
        self._waiting.append((seen, version, self._clock.time()))
        if not self._is_sending:
            self._is_sending = True
            self._tasks.spawn(self._send_all())

    def for_component(self, component: str) -> ComponentRecorder:
        """A sink that shares this recorder's queue and memory but names another source."""
        return ComponentRecorder(self, component)

    async def close(self) -> None:
        """Stop sending; what still waits is lost, as Events may be."""
        self._waiting.clear()
        await self._tasks.close()

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                seen, version, at = self._waiting.popleft()
                verdict = self._correlator.judge(seen, at)
                if verdict is None:
                    self.dropped += 1
                    continue
                await self._send(seen, version, at, verdict)
        finally:
            # In the same step as the last look at the queue: a task that has ended is known as such only a turn later.
            self._is_sending = False

    async def _send(self, seen: Occurrence, version: str, at: float, verdict: Verdict) -> None:
        act_as(seen.source[0])
        for _ in range(MAX_TRIES):
            try:
                if verdict.known is not None and await self._count(verdict, verdict.known, at):
                    return
                if self._is_closing(seen.subject.namespace):
                    return
                await self._create(seen, version, at, verdict)
                return
            except (errors.ServiceUnavailable, errors.TooManyRequests, errors.Timeout, OSError):
                await self._clock.sleep(RETRY_SECONDS)
            except errors.ApiError as error:
                # A namespace on its way out, or a name that is taken: nothing that trying again would change.
                log.debug("event %s of %s not recorded: %s", seen.reason, seen.subject, error)
                return

    async def _count(self, verdict: Verdict, known: Record, at: float) -> bool:
        """Raise the count of the object that exists; False when it is gone."""
        patch = {"count": known.count + 1, "lastTimestamp": format_time(at), "message": verdict.message}
        try:
            await self._client.patch(EVENTS, known.name, patch, known.namespace)
        except errors.NotFound:
            self._correlator.forget(verdict.key)
            return False
        self._correlator.remember(verdict.key, Record(known.namespace, known.name, known.count + 1))
        return True

    async def _create(self, seen: Occurrence, version: str, at: float, verdict: Verdict) -> None:
        # Upstream names an Event by its nanosecond; two of one object must differ even when the clock does not move,
        # and even when another recorder makes the other.
        for _ in range(MAX_TRIES):
            self._last_stamp = max(int(at * 1e9), self._last_stamp + 1)
            obj = _event(seen, version, at, verdict.message, self._last_stamp)
            namespace, name = obj["metadata"]["namespace"], obj["metadata"]["name"]
            try:
                await self._client.create(EVENTS, obj, namespace)
            except errors.AlreadyExists:
                continue
            self._correlator.remember(verdict.key, Record(namespace, name, 1))
            return


def closing_namespaces(client: Client) -> Callable[[str], bool]:
    """Whether a namespace is on its way out, as far as this client's informer knows."""
    namespaces = client.informer(NAMESPACES, Namespace)

    def is_closing(name: str) -> bool:
        namespace = namespaces.get(Key("", name))
        return namespace is not None and namespace.metadata.deletion_timestamp is not None

    return is_closing


class ComponentRecorder:
    """An `EventSink` under another source name. See `Recorder.for_component`."""

    __slots__ = ("_component", "_recorder")

    def __init__(self, recorder: Recorder, component: str) -> None:
        self._recorder = recorder
        self._component = component

    def event(self, about: Any, type: str, reason: str, message: str, *, action: str = "") -> None:
        self._recorder.record(self._component, about, "", type, reason, message)


def _event(seen: Occurrence, version: str, at: float, message: str, stamp: int) -> Obj:
    subject = seen.subject
    involved = {
        "kind": subject.kind,
        "namespace": subject.namespace,
        "name": subject.name,
        "uid": subject.uid,
        "apiVersion": subject.api_version,
        "resourceVersion": version,
        "fieldPath": seen.field_path,
    }
    component, host = seen.source
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{subject.name}.{stamp:x}",
            "namespace": subject.namespace or "default",
        },
        "involvedObject": {name: value for name, value in involved.items() if value},
        "reason": seen.reason,
        "message": message,
        "source": {"component": component, **({"host": host} if host else {})},
        "firstTimestamp": format_time(at),
        "lastTimestamp": format_time(at),
        "count": 1,
        "type": seen.type,
        "reportingComponent": component,
        "reportingInstance": host,
    }


def _subject(about: Any) -> tuple[Subject, str]:
    """(who is meant, its resourceVersion) of a plain object or a view."""
    if isinstance(about, dict):
        meta = about.get("metadata", {})
        subject = Subject(
            about.get("apiVersion", ""),
            about.get("kind", ""),
            meta.get("namespace", ""),
            meta.get("name", ""),
            meta.get("uid", ""),
        )
        return subject, meta.get("resourceVersion", "")
    meta = about.metadata
    subject = Subject(
        getattr(about, "api_version", None) or "",
        getattr(about, "kind", None) or "",
        meta.namespace or "",
        meta.name or "",
        meta.uid or "",
    )
    return subject, meta.resource_version or ""


def _shorten(message: str) -> str:
    return message if len(message) <= MAX_MESSAGE else message[: MAX_MESSAGE - 3] + "..."
