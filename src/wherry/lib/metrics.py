"""Counters, histograms and gauges in Prometheus' text form.

Counting costs one look-up in a dict; whoever counts the same thing often keeps its `Distribution` and pays none. What
others count already is asked for when somebody looks: `Metrics.source`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

Labels = tuple[str, ...]


class Counter:
    """A number per combination of label values that only grows."""

    __slots__ = ("_values", "help", "labels", "name")

    def __init__(self, name: str, help: str, labels: Labels) -> None:
        self.name = name
        self.help = help
        self.labels = labels
        self._values: dict[Labels, float] = {}

    def add(self, values: Labels = (), amount: float = 1) -> None:
        self._values[values] = self._values.get(values, 0) + amount

    def value(self, values: Labels = ()) -> float:
        return self._values.get(values, 0)

    def lines(self) -> Iterator[str]:
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} counter"
        for values, number in self._values.items():
            yield f"{self.name}{_format_labels(self.labels, values)} {number:.15g}"


class Distribution:
    """How often amounts of each size were seen."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, amount: float) -> None:
        self.counts[bisect_left(self.bounds, amount)] += 1
        self.total += amount


class Histogram:
    """A distribution per combination of label values."""

    __slots__ = ("_bounds", "_values", "help", "labels", "name")

    def __init__(self, name: str, help: str, labels: Labels, bounds: Sequence[float]) -> None:
        self.name = name
        self.help = help
        self.labels = labels
        self._bounds = bounds
        self._values: dict[Labels, Distribution] = {}

    def distribution(self, values: Labels = ()) -> Distribution:
        """The one to observe with; may be kept."""
        found = self._values.get(values)
        if found is None:
            found = self._values[values] = Distribution(self._bounds)
        return found

    def lines(self) -> Iterator[str]:
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} histogram"
        names = (*self.labels, "le")
        for values, distribution in self._values.items():
            count = 0
            for bound, number in zip((*self._bounds, None), distribution.counts, strict=True):
                count += number
                limit = "+Inf" if bound is None else f"{bound:g}"
                yield f"{self.name}_bucket{_format_labels(names, (*values, limit))} {count}"
            yield f"{self.name}_sum{_format_labels(self.labels, values)} {distribution.total:.9g}"
            yield f"{self.name}_count{_format_labels(self.labels, values)} {count}"


class Sample(NamedTuple):
    """One number with the values of its labels."""

    values: Labels
    number: float


class Family(NamedTuple):
    """Numbers of one name that somebody else keeps."""

    name: str
    help: str
    type: str
    """`counter` or `gauge`."""
    labels: Labels
    samples: Iterable[Sample]

    def lines(self) -> Iterator[str]:
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} {self.type}"
        for values, number in self.samples:
            yield f"{self.name}{_format_labels(self.labels, values)} {number:.15g}"


Source = Callable[[], Iterable[Family]]
"""Tells what there is to tell when it is asked."""


class _Member(Protocol):
    def lines(self) -> Iterator[str]: ...


class _Sourced:
    __slots__ = ("_source",)

    def __init__(self, source: Source) -> None:
        self._source = source

    def lines(self) -> Iterator[str]:
        for family in self._source():
            yield from family.lines()


class Gauge:
    """A number read when it is asked for."""

    __slots__ = ("_read", "help", "name")

    def __init__(self, name: str, help: str, read: Callable[[], float]) -> None:
        self.name = name
        self.help = help
        self._read = read

    def lines(self) -> Iterator[str]:
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} gauge"
        yield f"{self.name} {self._read():.15g}"


class Metrics:
    """All metrics of one part."""

    __slots__ = ("_members",)

    def __init__(self) -> None:
        self._members: list[_Member] = []

    def counter(self, name: str, help: str, labels: Labels = ()) -> Counter:
        counter = Counter(name, help, labels)
        self._members.append(counter)
        return counter

    def gauge(self, name: str, help: str, read: Callable[[], float]) -> None:
        self._members.append(Gauge(name, help, read))

    def histogram(self, name: str, help: str, labels: Labels, bounds: Sequence[float]) -> Histogram:
        histogram = Histogram(name, help, labels, bounds)
        self._members.append(histogram)
        return histogram

    def source(self, source: Source) -> None:
        """Ask `source` whenever somebody looks."""
        self._members.append(_Sourced(source))

    def text(self) -> str:
        """The exposition format, version 0.0.4."""
        return "".join(line + "\n" for member in self._members for line in member.lines())


def _format_labels(names: Labels, values: Labels) -> str:
    if not names:
        return ""
    return "{" + ",".join(f'{name}="{_escape(value)}"' for name, value in zip(names, values, strict=True)) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
