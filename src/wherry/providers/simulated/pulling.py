"""Images on their way to a node: how long a container waits for its image, and what is shown meanwhile. Pure."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Protocol

from msgspec import Struct

from wherry.kubelet.pods.backoff import BASE_SECONDS, MAX_SECONDS
from wherry.kubelet.pods.containerstatus import Waiting
from wherry.kubelet.pods.imagename import ImageNameError, has_latest_tag, normalise
from wherry.providers.simulated.behaviour import ContainerBehaviour

_EPSILON = 1e-5
SHOWN_SECONDS = 5.0
"""How long a failure is shown as such before it is shown that the next try is being put off."""


class Images(Protocol):
    """What images a node has."""

    def has(self, image: str) -> bool: ...

    def add(self, image: str, size: int) -> None: ...


class Pull(Struct):
    """One image on its way for one container.

    Attributes:
        until: when it is there, or when the next thing about it happens.
        began: when it was asked for.
        failures: how often it has failed.
        is_shown: it has failed, and that is what is shown.
    """

    until: float
    began: float
    failures: int = 0
    is_shown: bool = False

    def fail(self, now: float) -> None:
        self.failures += 1
        self.is_shown = True
        self.until = now + min(SHOWN_SECONDS, self.delay)

    def put_off(self) -> None:
        """Go over from showing the failure to waiting for the next try."""
        self.is_shown = False
        self.until += self.delay - min(SHOWN_SECONDS, self.delay)

    @property
    def delay(self) -> float:
        return min(BASE_SECONDS * 2.0 ** (self.failures - 1), MAX_SECONDS)


class Asking(Struct, frozen=True):
    """A container that wants its image."""

    container: str
    image: str
    policy: str | None
    fares: ContainerBehaviour


class Arrival(Struct, frozen=True):
    """What came of it: whether the image is there, what has happened, and what to show when it has failed."""

    is_there: bool
    told: tuple[tuple[str, str, str], ...] = ()
    waiting: Waiting | None = None


def ask(asking: Asking, images: Images, pulls: dict[str, Pull], now: float) -> Arrival:
    """See whether a container's image is there; `pulls` keeps what is on its way, by container."""
    name, fares = full_name(asking.image), asking.fares
    pull = pulls.get(asking.container)
    told: list[tuple[str, str, str]] = []
    if pull is None:
        is_at_hand = fares.pull_seconds <= 0 or images.has(name)
        if is_at_hand and not fares.pull_error and not is_always_pulled(asking.image, asking.policy):
            images.add(name, fares.image_bytes)
            return Arrival(True, (("Normal", "Pulled", _present(asking.image)),))
        told.append(("Normal", "Pulling", f'Pulling image "{asking.image}"'))
        pull = pulls[asking.container] = Pull(now + (0.0 if is_at_hand else fares.pull_seconds), now)
    if pull.until > now + _EPSILON:
        return Arrival(False, tuple(told))
    if fares.pull_error:
        return _failed(asking, pull, told, now)
    del pulls[asking.container]
    images.add(name, fares.image_bytes)
    told.append(("Normal", "Pulled", _pulled(asking.image, now - pull.began, fares.image_bytes)))
    return Arrival(True, tuple(told))


def _failed(asking: Asking, pull: Pull, told: list[tuple[str, str, str]], now: float) -> Arrival:
    """Show the failure, then that the next try is put off, then try again."""
    failure = f'failed to pull image "{asking.image}": {asking.fares.pull_error}'
    if pull.is_shown:
        pull.put_off()
        message = f'Back-off pulling image "{asking.image}"'
        told += [("Normal", "BackOff", message), ("Warning", "Failed", "Error: ImagePullBackOff")]
        return Arrival(False, tuple(told), Waiting("ImagePullBackOff", f"{message}: ErrImagePull: {failure}"))
    if pull.failures:
        told.append(("Normal", "Pulling", f'Pulling image "{asking.image}"'))
    pull.fail(now)
    told += [("Warning", "Failed", f"F{failure[1:]}"), ("Warning", "Failed", "Error: ErrImagePull")]
    return Arrival(False, tuple(told), Waiting("ErrImagePull", failure))


@lru_cache(maxsize=1024)
def full_name(image: str) -> str:
    """The name in full; an image that has no proper name keeps the one it has."""
    try:
        return normalise(image)
    except ImageNameError:
        return image


def is_always_pulled(image: str, policy: str | None) -> bool:
    return (policy or ("Always" if has_latest_tag(full_name(image)) else "IfNotPresent")) == "Always"


@lru_cache(maxsize=1024)
def reference(image: str) -> str:
    """The digest that an image would have: the same for the same name."""
    name = full_name(image)
    if "@" in name:
        return name
    return f"{name.rpartition(':')[0]}@sha256:{hashlib.sha256(name.encode()).hexdigest()}"


def _present(image: str) -> str:
    return f'Container image "{image}" already present on machine and can be accessed by the pod'


def _pulled(image: str, seconds: float, size: int) -> str:
    """Upstream's words for an image that has come."""
    took = f"{seconds:.3f}".rstrip("0").rstrip(".") + "s" if seconds >= 1 else f"{round(seconds * 1000)}ms"
    return f'Successfully pulled image "{image}" in {took} ({took} including waiting). Image size: {size} bytes.'
