"""configMap, secret, downwardAPI and projected volumes: payloads written to memory, and again whenever they change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.core.secret import SECRETS
from wherry.api.types.core_v1 import Pod, Volume
from wherry.kubelet.pods.env import Ref
from wherry.kubelet.pods.fields import Place
from wherry.kubelet.volumes.atomic import write_payload
from wherry.kubelet.volumes.driver import Ready, VolumeError
from wherry.kubelet.volumes.objects import ObjectCache, ObjectUnavailable, Reference
from wherry.kubelet.volumes.payload import Material, PayloadError, payload, references, tokens
from wherry.kubelet.volumes.tokens import Tokens
from wherry.lib.clock import Clock

RESOURCES = {"ConfigMap": CONFIGMAPS, "Secret": SECRETS}


class Files:
    """Makes the volumes whose content the API knows."""

    plugin = "kubernetes.io~projected"

    def __init__(self, objects: ObjectCache, token_source: Tokens, place: Callable[[Pod], Place], clock: Clock) -> None:
        self._objects = objects
        self._tokens = token_source
        self._place = place
        self._clock = clock

    def fits(self, volume: Volume) -> bool:
        return any(
            source is not None for source in (volume.config_map, volume.secret, volume.downward_api, volume.projected)
        )

    async def set_up(self, pod: Pod, volume: Volume, folder: Path) -> Ready:
        try:
            material, renew_at = await self._gather(pod, volume)
            files = payload(pod, volume, material)
        except (PayloadError, ObjectUnavailable) as error:
            raise VolumeError(str(error)) from error
        assert files is not None
        context = pod.spec.security_context
        try:
            write_payload(folder, files, self._clock.time(), context.fs_group if context else None)
        except (OSError, ValueError) as error:
            raise VolumeError(str(error)) from error
        return Ready(folder, renew_at, read_only=True)

    async def take_down(self, folder: Path) -> None:
        """The pod's whole folder is removed with care afterwards; nothing more is needed here."""

    async def _gather(self, pod: Pod, volume: Volume) -> tuple[Material, float | None]:
        found = {ref: await fetch(self._objects, pod, ref) for ref in references(volume)}
        held = {}
        renewals = []
        for wanted in tokens(volume):
            held[wanted], renew_at = await self._tokens.get(pod, wanted)
            renewals.append(renew_at)
        return Material(found, held, self._place(pod)), min(renewals, default=None)


async def fetch(objects: ObjectCache, pod: Pod, ref: Ref) -> dict[str, object] | None:
    """An object of the pod's namespace; the pod hears of its changes from now on. Raises ObjectUnavailable."""
    reference = Reference(RESOURCES[ref.kind], pod.metadata.namespace, ref.name)
    return await objects.get(pod.metadata.uid, reference)
