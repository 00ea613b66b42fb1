"""HTTP extenders: other servers that are asked about nodes, and may bind (upstream: `extenders` of the configuration).

Requests and answers are those of `k8s.io/kube-scheduler/extender/v1`: one POST of JSON per question. Its Go types have
no names of their own for JSON: fields are sent as Go spells them (`NodeNames`), and read in whatever case they come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from wherry.api import Obj
from wherry.client.credentials import endpoint_of
from wherry.identity.kubeconfig import Kubeconfig
from wherry.lib.clock import Clock
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.configuration import ExtenderSettings, TlsSettings
from wherry.scheduler.model import PodInfo
from wherry.scheduler.preemption import Candidate, victims_first_served
from wherry.scheduler.rules import Refusal
from wherry.transport.connect import Connector

_SCALE = 10
"""Extenders rate from 0 to 10, the scheduler from 0 to 100."""

_TOO_LATE = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"


class ExtenderError(Exception):
    """An extender did not answer, or not sensibly."""


class Extender:
    """One of them. Close it when done."""

    def __init__(self, settings: ExtenderSettings, clock: Clock) -> None:
        self.settings = settings
        self._clock = clock
        self._connector: Connector | None = None

    def cares_for(self, pod: PodInfo) -> bool:
        """Whether it is to be asked about this Pod at all."""
        resources = self.settings.resources
        return not resources or any(name in resources for name in pod.ask.requests)

    async def filter(
        self, pod: Obj, nodes: Sequence[str], objects: Mapping[str, Obj]
    ) -> tuple[list[str], dict[str, Refusal]]:
        """Which of the nodes it leaves, and what it says of the others. `objects` are needed if it has none itself."""
        answer = await self._ask(self.settings.filter_verb, self._about(pod, nodes, objects))
        if error := answer.get("error"):
            raise ExtenderError(error)
        refused = {name: Refusal((text,)) for name, text in (answer.get("failednodes") or {}).items()}
        lasting = answer.get("failedandunresolvablenodes") or {}
        refused |= {name: Refusal((text,), is_lasting=True) for name, text in lasting.items()}
        names = answer.get("nodenames")
        if names is None or not self.settings.has_nodes:
            names = [one["metadata"]["name"] for one in (answer.get("nodes") or {}).get("items") or []]
        for name in names:
            if name not in nodes:
                text = f'extender "{self.settings.url}" claims a filtered node "{name}" which is not found'
                raise ExtenderError(f"{text} in the input node list")
        return list(names), refused

    async def rate(self, pod: Obj, nodes: Sequence[str], objects: Mapping[str, Obj]) -> dict[str, int]:
        """What it adds to the scores of nodes."""
        answer = await self._post(self.settings.prioritize_verb, self._about(pod, nodes, objects))
        weight = self.settings.weight * _SCALE
        return {one["host"]: int(one["score"]) * weight for one in map(_lower, answer or ())}

    async def preempt(
        self, pod: Obj, candidates: Sequence[Candidate], objects: Mapping[str, Obj], cluster: Cluster
    ) -> list[Candidate]:
        """The nodes that it leaves, or has found, with the victims that it wants. `objects` are victims by UID."""
        body: Obj = {"Pod": pod, "NodeNameToVictims": None, "NodeNameToMetaVictims": None}
        if self.settings.has_nodes:
            body["NodeNameToMetaVictims"] = {
                one.node: _victims(one, [{"UID": victim.uid} for victim in one.victims]) for one in candidates
            }
        else:
            body["NodeNameToVictims"] = {
                one.node: _victims(one, [objects[victim.uid] for victim in one.victims]) for one in candidates
            }
        answer = await self._ask(self.settings.preempt_verb, body)
        chosen = answer.get("nodenametometavictims") or {}
        found = [self._candidate(name, _lower(said or {}), cluster) for name, said in chosen.items()]
        return [one for one in found if one.victims]

    async def bind(self, pod: PodInfo, node: str) -> None:
        """Have it bind the Pod."""
        body = {"PodName": pod.key.name, "PodNamespace": pod.key.namespace, "PodUID": pod.uid, "Node": node}
        answer = await self._ask(self.settings.bind_verb, body)
        if error := answer.get("error"):
            raise ExtenderError(error)

    async def close(self) -> None:
        if self._connector is not None:
            await self._connector.close()

    def _candidate(self, name: str, said: Obj, cluster: Cluster) -> Candidate:
        node = cluster.node(name)
        if node is None:
            raise ExtenderError(f'nodeinfo not found for node name "{name}"')
        uids = [_lower(one)["uid"] for one in said.get("pods") or []]
        for uid in uids:
            if uid not in node.pods:
                text = f"extender: {self.settings.url} claims to preempt pod (UID: {uid}) on node: {name}"
                raise ExtenderError(f"{text}, but the pod is not found on that node")
        if not uids and not self.settings.is_ignorable:
            raise ExtenderError(f'expected at least one victim pod on node "{name}"')
        victims = victims_first_served(node.pods[uid] for uid in uids)
        return Candidate(name, tuple(victims), int(said.get("numpdbviolations") or 0))

    def _about(self, pod: Obj, nodes: Sequence[str], objects: Mapping[str, Obj]) -> Obj:
        if self.settings.has_nodes:
            return {"Pod": pod, "Nodes": None, "NodeNames": list(nodes)}
        return {"Pod": pod, "Nodes": {"metadata": {}, "items": [objects[name] for name in nodes]}, "NodeNames": None}

    async def _ask(self, verb: str, body: Obj) -> Obj:
        answer = await self._post(verb, body)
        if not isinstance(answer, dict):
            raise ExtenderError(f"{self.settings.url}/{verb} answers with something else than an object")
        return _lower(answer)

    async def _post(self, verb: str, body: Obj) -> Any:
        settings = self.settings
        target, url = f"{urlsplit(settings.url).path}/{verb}", f"{settings.url}/{verb}"
        headers = (("Content-Type", "application/json"), ("Accept", "application/json"))
        try:
            if self._connector is None:
                self._connector = Connector(endpoint_of(_server(settings)), clock=self._clock)
            answer = await self._connector.request(
                "POST", target, headers, msgspec.json.encode(body), timeout=settings.timeout
            )
        except TimeoutError as error:
            raise ExtenderError(f'Post "{url}": {_TOO_LATE}') from error
        except (OSError, ValueError) as error:
            raise ExtenderError(f'Post "{url}": {str(error) or type(error).__name__}') from error
        if answer.status != 200:
            raise ExtenderError(f"failed {verb} with extender at URL {url}, code {answer.status}")
        try:
            return msgspec.json.decode(answer.body)
        except msgspec.DecodeError as error:
            raise ExtenderError(f"{url}: {error}") from error


def _server(settings: ExtenderSettings) -> Kubeconfig:
    """Where it is, and how to know it: without an authority its certificate is not checked, as upstream."""
    tls = settings.tls or TlsSettings()
    authority = tls.ca_data or _read(tls.ca_file)
    certificate, key = tls.cert_data or _read(tls.cert_file), tls.key_data or _read(tls.key_file)
    is_known = bool(certificate and key)
    return Kubeconfig(
        server=settings.url,
        authority=authority,
        certificate=certificate if is_known else b"",
        key=key if is_known else b"",
        is_insecure=tls.insecure or (settings.is_https and not authority),
        server_name=tls.server_name,
    )


def _read(path: str) -> bytes:
    return Path(path).read_bytes() if path else b""


def _victims(one: Candidate, pods: Sequence[Obj]) -> Obj:
    return {"Pods": list(pods), "NumPDBViolations": one.violations}


def _lower(said: Obj) -> Obj:
    return {name.lower(): value for name, value in said.items()}
