"""Sets of completion indexes, and their text form in a Job's status: `1,3-5,7`. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from wherry.api.types.core_v1 import Pod

INDEX = "batch.kubernetes.io/job-completion-index"


def parse_set(text: str | None, completions: int) -> set[int]:
    """The indexes a text names, as far as they are below `completions` (an elastic Job may have shrunk)."""
    found: set[int] = set()
    for part in (text or "").split(","):
        first, _, last = part.partition("-")
        if first:
            found.update(range(int(first), min(int(last or first), completions - 1) + 1))
    return found


def format_set(indexes: Collection[int]) -> str:
    """The shortest text for a set; two neighbours are listed, three and more become a range."""
    parts: list[str] = []
    ordered = sorted(indexes)
    start = 0
    for i in range(1, len(ordered) + 1):
        if i == len(ordered) or ordered[i] != ordered[i - 1] + 1:
            parts += _run(ordered[start], ordered[i - 1])
            start = i
    return ",".join(parts)


def index_of(pod: Pod) -> int | None:
    """The completion index a Pod was made for."""
    try:
        index = int(pod.metadata.annotations.get(INDEX, ""))
    except ValueError:
        return None
    return index if index >= 0 else None


def first_free(count: int, completions: int, taken: Iterable[int]) -> list[int]:
    """The lowest `count` indexes that nothing has taken."""
    used = set(taken)
    free: list[int] = []
    for index in range(completions):
        if len(free) >= count:
            break
        if index not in used:
            free.append(index)
    return free


def _run(first: int, last: int) -> list[str]:
    if first == last:
        return [str(first)]
    return [f"{first},{last}"] if last == first + 1 else [f"{first}-{last}"]
