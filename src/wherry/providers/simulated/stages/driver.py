"""Plays stages: looks which one an object is in for, waits as long as it takes, and does what comes of it.

It is a controller as the provider's own is, and takes its place for Pods when there are stages for them. An object that
has been promised a stage keeps it for as long as it matches, whatever else about the object changes meanwhile.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from msgspec import Struct, field

from wherry.api import Obj
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.errors import Conflict, NotFound
from wherry.api.resource import Resource
from wherry.api.types.core_v1 import Node, Pod
from wherry.apiserver.yamltext import YamlError, parse_yaml
from wherry.client import Key
from wherry.lib.clock import format_time
from wherry.providers.simulated.hosts import Host
from wherry.providers.simulated.stages.parsing import TemplateError
from wherry.providers.simulated.stages.stage import Change, Stage, choose
from wherry.providers.simulated.stages.template import Functions
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Terminal, Watch

_EPSILON = 1e-4
VERSION = "v1.37.0"


class Nodes(Protocol):
    """What stages need of the nodes."""

    def host(self, name: str) -> Host | None: ...


class _Promise(Struct, frozen=True):
    uid: str
    stage: Stage
    due: float


class StageDriver(Struct):
    """Plays the stages of one kind, `Pod` or `Node`, on the nodes that are ours."""

    kind: str
    stages: Sequence[Stage]
    nodes: Nodes
    chance: random.Random
    _promises: dict[Key, _Promise] = field(default_factory=dict)
    _addresses: dict[Key, tuple[str, str]] = field(default_factory=dict)
    """(node, address) by Pod."""

    def controller(self) -> Controller:
        resource, view = (PODS, Pod) if self.kind == "Pod" else (NODES, Node)
        return Controller(
            name=f"stages-of-{resource.plural}",
            reconciles=resource,
            view=view,
            reconcile=self._reconcile,
            reads=(Watch(resource, view, self._keys),),
            writes=(resource.plural, f"{resource.plural}/status"),
            hears_own=False,
            component="kubelet",
        )

    def _keys(self, old: Any, new: Any, deps: Deps) -> Iterable[Key]:
        obj = new if new is not None else old
        node = obj.spec.node_name if self.kind == "Pod" else obj.metadata.name
        if node and self.nodes.host(node) is not None:
            yield Key(obj.metadata.namespace or "", obj.metadata.name)

    async def _reconcile(self, key: Key, deps: Deps) -> Result:
        resource = PODS if self.kind == "Pod" else NODES
        try:
            obj = await deps.client.get(resource, key.name, key.namespace)
        except NotFound:
            self._forget(key)
            return DONE
        host = self.nodes.host(obj["spec"].get("nodeName") or "" if self.kind == "Pod" else key.name)
        if host is None or not host.is_heard:
            return DONE
        now = deps.clock.time()
        promise = self._promised(key, obj, now)
        if promise is None:
            return DONE
        if promise.due > now + _EPSILON:
            return Result(promise.due - now)
        del self._promises[key]
        try:
            await self._carry_out(promise.stage, resource, obj, self._functions(key, host, now), deps)
        except NotFound:
            return DONE
        except Conflict:
            self._promises[key] = promise  # it holds, unless the object turns out to have changed
            raise
        except (TemplateError, YamlError) as error:
            raise Terminal(f"stage {promise.stage.name!r}: {error}") from error
        return DONE

    def _promised(self, key: Key, obj: Obj, now: float) -> _Promise | None:
        """The stage that the object is in for, and when."""
        uid, promise = obj["metadata"]["uid"], self._promises.get(key)
        if promise is not None and promise.uid == uid and promise.stage.matches(obj):
            return promise
        stage = choose(self.stages, obj, self.chance)
        if stage is None:
            self._promises.pop(key, None)
            return None
        promise = self._promises[key] = _Promise(uid, stage, now + stage.seconds(obj, now, self.chance))
        return promise

    async def _carry_out(self, stage: Stage, resource: Resource, obj: Obj, functions: Functions, deps: Deps) -> None:
        meta = obj["metadata"]
        name, namespace, uid = meta["name"], meta.get("namespace") or "", meta["uid"]
        if stage.event is not None:
            message = stage.event.message.render(obj, functions)
            deps.events.event(obj, stage.event.type, stage.event.reason, message)
        if stage.finalizers is not None:
            have = meta.get("finalizers") or []
            if (wanted := stage.finalizers.apply(have)) != have:
                body = {"metadata": {"uid": uid, "finalizers": wanted or None}}
                await deps.client.patch(resource, name, body, namespace)
        for change in stage.changes:
            await self._patch(change, resource, obj, functions, deps)
        if stage.deletes:
            await deps.client.delete(resource, name, namespace, uid=uid, grace_seconds=0)

    async def _patch(self, change: Change, resource: Resource, obj: Obj, functions: Functions, deps: Deps) -> None:
        made: Any = parse_yaml(change.template.render(obj, functions).encode())
        if not made:
            return
        if change.root:
            made = {change.root: made}
        if isinstance(made, dict):
            made = {**made, "metadata": {**(made.get("metadata") or {}), "uid": obj["metadata"]["uid"]}}
        meta = obj["metadata"]
        namespace = meta.get("namespace") or ""
        patched = await deps.client.patch(
            resource, meta["name"], made, namespace, type=change.type, subresource=change.subresource
        )
        if self.kind == "Node" and (host := self.nodes.host(meta["name"])) is not None:
            host.conditions = patched["status"].get("conditions") or []

    def _functions(self, key: Key, host: Host, now: float) -> Mapping[str, Any]:
        moment = format_time(now)
        return {
            "Now": lambda: moment,
            "StartTime": lambda: moment,
            "Version": lambda: VERSION,
            "NodeName": lambda: host.name,
            "NodePort": lambda: 10250,
            "NodeIP": lambda: host.spec.address,
            "NodeIPWith": self._node_address,
            "NodeIPsWith": lambda name: _several(self._node_address(name)),
            "PodIP": partial(self._pod_address, key, host.name),
            "PodIPWith": partial(self._pod_address, key),
            "PodIPsWith": lambda *words: _several(self._pod_address(key, *words)),
            "NodeConditions": lambda: host.status(now)["conditions"],
        }

    def _node_address(self, name: str) -> str:
        host = self.nodes.host(name)
        return host.spec.address if host is not None else ""

    def _pod_address(self, key: Key, node: str, is_host: bool = False, *_: str) -> str:
        """The Pod's address, the same each time that it is asked for."""
        host = self.nodes.host(node)
        if host is None or is_host:
            return self._node_address(node)
        if key not in self._addresses:
            self._addresses[key] = (node, host.addresses.take())
        return self._addresses[key][1]

    def _forget(self, key: Key) -> None:
        self._promises.pop(key, None)
        node, address = self._addresses.pop(key, ("", ""))
        if (host := self.nodes.host(node)) is not None:
            host.addresses.give_back(address)


def _several(address: str) -> list[str]:
    """What has one address has a list of them, which is empty where there is none."""
    return [address] if address else []
