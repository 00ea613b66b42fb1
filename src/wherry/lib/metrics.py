"""Counters and gauges in Prometheus' text form. Counting costs one look-up in a dict."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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
            yield f"{self.name}{_format_labels(self.labels, values)} {number:g}"


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
        yield f"{self.name} {self._read():g}"


class Metrics:
    """All metrics of one part."""

    __slots__ = ("_members",)

    def __init__(self) -> None:
        self._members: list[Counter | Gauge] = []

    def counter(self, name: str, help: str, labels: Labels = ()) -> Counter:
        counter = Counter(name, help, labels)
        self._members.append(counter)
        return counter

    def gauge(self, name: str, help: str, read: Callable[[], float]) -> None:
        self._members.append(Gauge(name, help, read))

    def text(self) -> str:
        """The exposition format, version 0.0.4."""
        return "".join(line + "\n" for member in self._members for line in member.lines())


def _format_labels(names: Labels, values: Labels) -> str:
    if not names:
        return ""
    return "{" + ",".join(f'{name}="{_escape(value)}"' for name, value in zip(names, values, strict=True)) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
