"""Writes the part of docs/compatibility.md that goes kind by kind.

    .venv/bin/python tools/kinds.py          # rewrite it
    .venv/bin/python tools/kinds.py --check  # only say whether it is stale

What can be known of a kind is read from the registry; what differs from upstream stands in `docs/differences.yaml`, one
line a kind. The result goes between the two marks in the page.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import yaml

from wherry.api.registry import BUILTIN
from wherry.api.resource import STANDARD_VERBS, Resource

DOCS = Path(__file__).parent.parent / "docs"
PAGE, DIFFERENCES = DOCS / "compatibility.md", DOCS / "differences.yaml"
BEGIN, END = "<!-- kinds: begin -->", "<!-- kinds: end -->"
HEADS = ("kind", "version", "scope", "names", "subresources", "writes", "selectors", "columns", "differs")


def differences() -> dict[str, str]:
    """What is not as upstream has it, by `plural.group`."""
    read: dict[str, str] = yaml.safe_load(DIFFERENCES.read_text())
    return read


def table(resources: Iterable[Resource], notes: Mapping[str, str]) -> str:
    """The sections of all groups in Markdown, in the order of the registry."""
    return "\n".join(
        line
        for group, members in groupby(resources, key=lambda resource: resource.group)
        for line in (f"### {group or 'core'}", "", *_rows(list(members), notes), "")
    )


def page(text: str, content: str) -> str:
    """The page `text` with `content` between its marks."""
    before, rest = text.split(BEGIN + "\n")
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{content}{END}{after}"


def _rows(members: Sequence[Resource], notes: Mapping[str, str]) -> Iterator[str]:
    yield _row(HEADS)
    yield _row("---" for _ in HEADS)
    for resource in members:
        yield _row(
            (
                resource.kind,
                _version(resource),
                resource.scope.value if not resource.is_namespaced else "",
                " ".join((*resource.short_names, *(f"+{name}" for name in resource.categories))),
                " ".join(sub.name for sub in resource.subresources),
                ", ".join(_strategies(resource)),
                " ".join(resource.fields),
                _columns(resource),
                notes.get(resource.group_resource, ""),
            )
        )


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |".replace("  ", " ")


def _version(resource: Resource) -> str:
    kept = resource.storage
    return resource.version if kept is None else f"{resource.version}, kept as {kept.group or 'core'}/{kept.version}"


def _strategies(resource: Resource) -> Iterator[str]:
    """What a write may do that not every kind allows, or may not do that most allow."""
    if not resource.stored:
        yield "/".join(resource.verbs)
        return
    if lacking := [verb for verb in STANDARD_VERBS if verb not in resource.verbs]:
        yield f"no {'/'.join(lacking)}"
    if resource.has_generation:
        yield "generation"
    if resource.create_on_update:
        yield "PUT creates"
    if not resource.unconditional_update:
        yield "PUT names its revision"
    if resource.keeps_status_on_create:
        yield "born with status"
    if resource.grace_seconds is not None:
        yield "grace"
    if resource.default_propagation != "Background":
        yield f"deletion {resource.default_propagation.lower()}s"


def _columns(resource: Resource) -> str:
    wide = sum(1 for column in resource.columns if column.priority)
    narrow = len(resource.columns) - wide
    return "" if not resource.columns else f"{narrow}+{wide}" if wide else str(narrow)


def main(arguments: Sequence[str]) -> int:
    text = PAGE.read_text()
    wanted = page(text, table(BUILTIN, differences()))
    if arguments == ["--check"]:
        return int(wanted != text)
    PAGE.write_text(wanted)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
