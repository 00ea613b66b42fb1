"""Getting a container's image: pull policy, credentials, back-off, one pull of an image at a time.

Reasons and messages are upstream's: ErrImagePull and ImagePullBackOff in a container's status, Pulling, Pulled, Failed
and BackOff as Events. The same image asked for by many pods at once is pulled once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from msgspec import Struct

from wherry.api.types.core_v1 import Container, EphemeralContainer, Pod
from wherry.kubelet.pods.backoff import CrashBackoff
from wherry.kubelet.pods.imagename import ImageNameError, has_latest_tag, normalise
from wherry.kubelet.pods.keyring import Keyring
from wherry.kubelet.runtime.model import Credentials, Image
from wherry.kubelet.runtime.protocol import Images, RuntimeFailure, RuntimeUnavailable
from wherry.lib.clock import Clock

PARALLEL_PULLS = 5

Tell = Callable[[str, str, str], None]
"""(type, reason, message) of an Event about the container."""


class ImageError(Exception):
    """No image: `reason` is what stands in the container's status."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Found(Struct, frozen=True):
    """An image that is there, and what to create containers with."""

    image: Image
    ref: str


class ImagePuller:
    """Makes images be there, for all pods of a node."""

    def __init__(self, runtime: Images, clock: Clock) -> None:
        self._runtime = runtime
        self._clock = clock
        self._backoff = CrashBackoff()
        self._failed: dict[str, float] = {}
        self._causes: dict[str, str] = {}
        self._pulling: dict[tuple[str, Sequence[Credentials]], asyncio.Future[str]] = {}
        self._slots = asyncio.Semaphore(PARALLEL_PULLS)

    async def ensure(self, pod: Pod, container: Container | EphemeralContainer, keyring: Keyring, tell: Tell) -> Found:
        """The container's image, pulled if its policy asks for it; raises ImageError."""
        try:
            name = normalise(container.image or "")
        except ImageNameError as error:
            message = f'Failed to apply default image tag "{container.image}": {error}'
            tell("Warning", "InspectFailed", message)
            raise ImageError("InvalidImageName", message) from None
        policy = container.image_pull_policy or ("Always" if has_latest_tag(name) else "IfNotPresent")
        image = await self._look(name, container.image or "", tell)
        if policy == "Never" or (policy == "IfNotPresent" and image is not None):
            if image is None:
                message = f'Container image "{container.image}" is not present with pull policy of Never'
                tell("Warning", "ErrImageNeverPull", message)
                raise ImageError("ErrImageNeverPull", message)
            tell(
                "Normal",
                "Pulled",
                f'Container image "{container.image}" already present on machine and can be accessed by the pod',
            )
            return Found(image, image.id)
        ref = await self._pull(pod, container.image or "", name, keyring, tell)
        pulled = await self._look(ref, container.image or "", tell) or await self._look(
            name, container.image or "", tell
        )
        if pulled is None:
            raise ImageError("ImageInspectError", f'image "{container.image}" vanished after its pull')
        return Found(pulled, pulled.id)

    def retry_at(self, pod: Pod, image: str) -> float | None:
        """When a failed pull may be tried again."""
        try:
            key = f"{pod.metadata.uid}_{normalise(image)}"
        except ImageNameError:
            return None
        failed = self._failed.get(key)
        return None if failed is None else failed + self._backoff.delay(key)

    def forget(self, uid: str) -> None:
        for key in [key for key in self._failed if key.startswith(uid + "_")]:
            del self._failed[key]
            self._causes.pop(key, None)
            self._backoff.forget(key)

    async def _look(self, name: str, shown: str, tell: Tell) -> Image | None:
        try:
            return await self._runtime.image(name)
        except RuntimeFailure as error:
            message = f'Failed to inspect image "{shown}": {error}'
            tell("Warning", "InspectFailed", message)
            raise ImageError("ImageInspectError", message) from error

    async def _pull(self, pod: Pod, shown: str, name: str, keyring: Keyring, tell: Tell) -> str:
        key = f"{pod.metadata.uid}_{name}"
        now = self._clock.time()
        failed = self._failed.get(key)
        if failed is not None and self._backoff.remaining(key, failed, now) > 0:
            message = f'Back-off pulling image "{shown}"'
            tell("Normal", "BackOff", message)
            raise ImageError("ImagePullBackOff", f"{message}: {self._causes[key]}")
        tell("Normal", "Pulling", f'Pulling image "{shown}"')
        started = self._clock.monotonic()
        try:
            ref = await self._pull_shared(name, keyring.lookup(name))
        except RuntimeFailure as error:
            self._failed[key] = self._clock.time()
            self._causes[key] = f"ErrImagePull: {error}"
            self._backoff.count(key, now, self._clock.time())
            message = f'Failed to pull image "{shown}": {error}'
            tell("Warning", "Failed", message)
            reason = "RegistryUnavailable" if isinstance(error, RuntimeUnavailable) else "ErrImagePull"
            raise ImageError(reason, f'failed to pull image "{shown}": {error}') from error
        self._failed.pop(key, None)
        self._causes.pop(key, None)
        self._backoff.forget(key)
        took = self._clock.monotonic() - started
        image = await self._runtime.image(name)
        size = image.size if image else 0
        tell(
            "Normal",
            "Pulled",
            f'Successfully pulled image "{shown}" in {_duration(took)} ({_duration(took)} including waiting). '
            f"Image size: {size} bytes.",
        )
        return ref

    async def _pull_shared(self, name: str, credentials: Sequence[Credentials]) -> str:
        """Join a pull of the same image with the same rights, or start one."""
        key = (name, tuple(credentials))
        running = self._pulling.get(key)
        if running is not None:
            return await asyncio.shield(running)
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._pulling[key] = future
        try:
            async with self._slots:
                ref = await self._try_all(name, credentials)
            future.set_result(ref)
            return ref
        except BaseException as error:
            future.set_exception(error if isinstance(error, RuntimeFailure) else RuntimeFailure("pull was called off"))
            future.exception()  # it may be that nobody joined
            raise
        finally:
            del self._pulling[key]

    async def _try_all(self, name: str, credentials: Sequence[Credentials]) -> str:
        """Each credential that fits, in order; with none, as nobody."""
        last: RuntimeFailure | None = None
        for each in credentials or (None,):
            try:
                return await self._runtime.pull(name, each)
            except RuntimeFailure as error:
                last = error
        assert last is not None
        raise last


def _duration(seconds: float) -> str:
    return f"{seconds:.3f}s" if seconds >= 1 else f"{seconds * 1000:.0f}ms"
