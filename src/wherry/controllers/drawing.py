"""What controllers declare to read and write: compared for double owners, and drawn for people. Pure.

A term of `Controller.writes` is a kind (`replicasets.apps`), perhaps a part of its objects (`nodes/spec.taints`,
`jobs.batch/status`), perhaps which objects or members (`pods[of Jobs]`, `configmaps[kube-root-ca.crt]`), and
` (delete)` for what is only ever deleted. `*` is every kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from wherry.reconcile.controller import Controller

_TERM = re.compile(r"(?P<kind>[^/\[ ]+)(?P<part>/[^\[ ]+)?(?:\[(?P<which>[^\]]+)\])?(?P<delete> \(delete\))?")


class Written(Struct, frozen=True):
    """One term, taken apart."""

    kind: str
    part: str
    """What follows the slash; "" is the object itself, but for its subresources."""
    which: str
    deletes: bool

    @classmethod
    def parse(cls, term: str) -> Written:
        """Raises ValueError for what is no term."""
        found = _TERM.fullmatch(term)
        if found is None:
            raise ValueError(f"not a declaration of what is written: {term!r}")
        return cls(found["kind"], (found["part"] or "")[1:], found["which"] or "", found["delete"] is not None)

    def meets(self, other: Written) -> bool:
        """Whether the two may write the same field of the same object. Deleting twice harms nobody."""
        if self.deletes or other.deletes:
            return False
        if self.kind != other.kind and "*" not in (self.kind, other.kind):
            return False
        if self.which != other.which and self.which and other.which:
            return False
        return _is_within(self.part, other.part) or _is_within(other.part, self.part)


def _is_within(part: str, whole: str) -> bool:
    """`status.conditions` is within `status`; the object itself has no subresource in it."""
    return part == whole or (bool(whole) and part.startswith(f"{whole}."))


def contested(controllers: Sequence[Controller]) -> Iterator[tuple[str, str, str, str]]:
    """(controller, its term, another controller, its term) wherever two may get into each other's way."""
    terms = [(each.name, term, Written.parse(term)) for each in controllers for term in each.writes]
    for index, (one, its, written) in enumerate(terms):
        for other, others, also in terms[index + 1 :]:
            if one != other and written.meets(also):
                yield one, its, other, others


def document(controllers: Sequence[Controller]) -> str:
    """The page about all controllers: a drawing for each group, and what each reads and writes."""
    parts = [_HEAD]
    for group, members in _groups(controllers).items():
        parts.append(f"## {group}\n\n```mermaid\n{_graph(members)}\n```\n\n{_table(members)}\n")
    return "\n".join(parts)


_HEAD = """\
# Controllers

Made from what each controller declares (`reconciles`, `reads`, `writes`) by `python tools/controllers.py`; a test
keeps it so, and refuses two controllers that may write the same field of the same object. An arrow into a controller is
a kind whose changes wake it, an arrow out of it a kind that it writes. What a controller writes wakes whoever reads it:
that is all that controllers have to do with each other.
"""


def _groups(controllers: Sequence[Controller]) -> dict[str, list[Controller]]:
    """By the folder in which they are."""
    found: dict[str, list[Controller]] = {}
    for each in sorted(controllers, key=lambda each: each.name):
        group = each.reconcile.__module__.partition("wherry.controllers.")[2].partition(".")[0]
        found.setdefault(group, []).append(each)
    return {group: found[group] for group in sorted(found)}


def _read(controller: Controller) -> list[str]:
    kinds = [controller.reconciles] if controller.hears_own else []
    return list(
        dict.fromkeys(kind.group_resource for kind in (*kinds, *(watch.resource for watch in controller.reads)))
    )


def _graph(controllers: Iterable[Controller]) -> str:
    lines = ["graph LR"]
    for each in controllers:
        box = f'{_id(each.name)}["{each.name}"]'
        lines += [f"  {_kind(kind)} --> {box}" for kind in _read(each)]
        written = dict.fromkeys(Written.parse(term).kind for term in each.writes)
        lines += [f"  {_id(each.name)} --> {_kind(kind)}" for kind in written]
    return "\n".join(lines)


def _kind(kind: str) -> str:
    name = "every kind" if kind == "*" else kind.partition(".")[0]
    return f"k_{_id(kind)}([{name}])"


def _id(name: str) -> str:
    return re.sub(r"\W", "_", name.replace("*", "all"))


def _table(controllers: Iterable[Controller]) -> str:
    rows = ["| controller | wakes on | writes |", "|---|---|---|"]
    for each in controllers:
        rows.append(f"| {each.name} | {_cell(_read(each))} | {_cell(each.writes)} |")
    return "\n".join(rows)


def _cell(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "nothing"
