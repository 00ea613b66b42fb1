"""How a Pod fares: values, and who says so.

A Pod's own annotations come first, then what a callable or a table says, then the default: containers start at once,
run until they are stopped, and are ready when they run; those of a Job, and those that clear volumes, come to their end
at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, TypeVar

from msgspec import Struct, field

from wherry.api.core.volumematching import RECYCLER
from wherry.api.types.core_v1 import Pod

T = TypeVar("T")

FOREVER = None


class ContainerBehaviour(Struct, frozen=True, kw_only=True):
    """How a container fares. Where several values stand, the first is for its first run; the last holds on.

    Attributes:
        pull_seconds: how long the node takes to pull the image when it does not have it.
        image_bytes: how large the image is.
        pull_error: why the image cannot be pulled; "" when it can.
        run_seconds: how long it runs before it ends by itself; None is for ever.
        exit_codes: what it ends with.
        exit_reason: why, where that is neither Completed nor Error: `OOMKilled`.
        message: its last words (the termination message).
        started_after: seconds of running after which its startup probe passes.
        ready_after: seconds after that until its readiness probe passes; None is never.
        ready_until: seconds of running after which its readiness probe fails again; None is never.
        alive_seconds: seconds of running after which its liveness probe fails and it is started anew; None is never.
        stop_seconds: how long it takes to end when it is told to.
        stop_code: what it then ends with, unless its grace is over before and it is killed.
        log: what it writes; each line may say `{time}`, `{pod}`, `{container}` and `{line}`.
        log_seconds: between one line and the next; the last of `log` is repeated. 0 writes all of it at once.
        cpu: cores in use while it runs; None is half of what it requests.
        memory: bytes in use while it runs; None is half of what it requests.
    """

    pull_seconds: float = 0.0
    image_bytes: int = 10_000_000
    pull_error: str = ""
    run_seconds: tuple[float | None, ...] = (FOREVER,)
    exit_codes: tuple[int, ...] = (0,)
    exit_reason: str = ""
    message: str = ""
    started_after: float = 0.0
    ready_after: float | None = 0.0
    ready_until: float | None = None
    alive_seconds: float | None = None
    stop_seconds: float = 0.0
    stop_code: int = 0
    log: tuple[str, ...] = ()
    log_seconds: float = 0.0
    cpu: float | None = None
    memory: int | None = None

    def run_time(self, attempt: int) -> float | None:
        """How long the run of that number lasts."""
        return _at(self.run_seconds, attempt)

    def exit_code(self, attempt: int) -> int:
        return _at(self.exit_codes, attempt)

    @property
    def is_steady(self) -> bool:
        """Whether nothing happens by itself once it runs and is ready."""
        return self.run_seconds == (None,) and self.ready_until is None and self.alive_seconds is None


class Behaviour(Struct, frozen=True, kw_only=True):
    """How a Pod fares.

    Attributes:
        start_seconds: until its sandbox stands.
        default: how those of its containers fare that are not named.
        containers: how others do, by name.
    """

    start_seconds: float = 0.0
    default: ContainerBehaviour = field(default_factory=ContainerBehaviour)
    containers: Mapping[str, ContainerBehaviour] = field(default_factory=dict)

    def of(self, container: str) -> ContainerBehaviour:
        return self.containers.get(container, self.default)


Behaviours: TypeAlias = Callable[[Pod], Behaviour | None]
"""Says how a Pod fares, None when it has nothing to say of it. Must say the same of the same Pod each time."""

STEADY = Behaviour()
"""Runs until it is stopped."""
BRIEF = Behaviour(default=ContainerBehaviour(run_seconds=(0.0,)))
"""Does its work in no time and is done."""


def ordinary(pod: Pod) -> Behaviour:
    """What the Pods do of which nothing is said: those with something to do come to its end, all others run."""
    if pod.metadata.name.startswith(RECYCLER) and pod.spec.restart_policy == "Never":
        return BRIEF
    for owner in pod.metadata.owner_references:
        if owner.controller and owner.kind == "Job":
            return BRIEF
    return STEADY


def by_image(table: Mapping[str, ContainerBehaviour]) -> Behaviours:
    """Behaviour by image: a name as it stands in the Pod, or the same without its tag."""

    def behaviour(pod: Pod) -> Behaviour | None:
        found = {}
        for container in (*pod.spec.init_containers, *pod.spec.containers):
            image = container.image or ""
            known = table.get(image) or table.get(_without_tag(image))
            if known is not None:
                found[container.name] = known
        return Behaviour(default=ordinary(pod).default, containers=found) if found else None

    return behaviour


def first_of(sources: Sequence[Behaviours]) -> Callable[[Pod], Behaviour]:
    """Ask each in turn; what is ordinary comes last."""

    def behaviour(pod: Pod) -> Behaviour:
        for source in sources:
            if (found := source(pod)) is not None:
                return found
        return ordinary(pod)

    return behaviour


def _without_tag(image: str) -> str:
    head, slash, tail = image.partition("@")[0].rpartition("/")
    return head + slash + tail.partition(":")[0]


def _at(values: tuple[T, ...], number: int) -> T:
    return values[min(number, len(values) - 1)]
