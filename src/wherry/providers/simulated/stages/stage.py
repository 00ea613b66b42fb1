"""Stages as values: which objects they are for, how long they take, what comes of them. Pure.

Both forms of kwok's schema are read: `next.statusTemplate` and `next.patches`, keys as text and expressions as jq.
Everything that cannot be done is refused here, with the name of the stage and the place.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct, field

from wherry.api import Obj
from wherry.client import Patch
from wherry.lib.clock import parse_time
from wherry.providers.simulated.annotations import duration
from wherry.providers.simulated.stages.parsing import TemplateError
from wherry.providers.simulated.stages.paths import Path, PathError, parse_path
from wherry.providers.simulated.stages.template import Template

API_VERSION: Final = "kwok.x-k8s.io/v1alpha1"
KINDS: Final = ("Pod", "Node")
FUNCTIONS: Final = frozenset(
    {
        "Now",
        "StartTime",
        "Version",
        "NodeIP",
        "NodeIPWith",
        "NodeIPsWith",
        "PodIP",
        "PodIPWith",
        "PodIPsWith",
        "NodeName",
        "NodePort",
        "NodeConditions",
    }
)
"""What templates may call beside what all may; `driver.py` gives them."""
_FIELDS: Final = {"resourceRef", "selector", "weight", "weightFrom", "delay", "next", "immediateNextStage"}
_OPERATORS: Final = ("In", "NotIn", "Exists", "DoesNotExist")
_TYPES: Final = {"merge": Patch.MERGE, "strategic": Patch.STRATEGIC, "json": Patch.JSON}


class StageError(ValueError):
    """A stage that cannot be played; the message says why and where."""


class Requirement(Struct, frozen=True):
    """What must hold of the values that a key leads to."""

    path: Path
    operator: str
    values: tuple[str, ...]

    def holds(self, obj: Obj) -> bool:
        found = [_text(value) for value in self.path.values(obj)]
        match self.operator:
            case "In":
                return any(value in self.values for value in found)
            case "NotIn":
                return not any(value in self.values for value in found)
            case "Exists":
                return bool(found)
            case _:
                return not found


class Span(Struct, frozen=True):
    """Milliseconds, or where in the object a duration or a moment stands."""

    milliseconds: int | None = None
    path: Path | None = None

    def seconds(self, obj: Obj, now: float) -> float | None:
        for value in self.path.values(obj) if self.path is not None else ():
            try:
                return duration(str(value))
            except ValueError:
                pass
            try:
                return parse_time(str(value)) - now
            except ValueError:
                continue
        return None if self.milliseconds is None else self.milliseconds / 1000


class Change(Struct, frozen=True):
    """One patch: of the whole object or of a subresource, below `root` if there is one."""

    template: Template
    type: Patch
    subresource: str
    root: str


class StageEvent(Struct, frozen=True):
    type: str
    reason: str
    message: Template


class Finalizers(Struct, frozen=True):
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    is_empty: bool = False

    def apply(self, have: Sequence[str]) -> list[str]:
        """The finalizers afterwards."""
        kept = [] if self.is_empty else [name for name in have if name not in self.remove]
        return [*kept, *(name for name in self.add if name not in kept)]


class Stage(Struct, frozen=True, kw_only=True):
    """One stage."""

    name: str
    kind: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    requirements: tuple[Requirement, ...] = ()
    weight: int = 0
    weight_path: Path | None = None
    delay: Span | None = None
    jitter: Span | None = None
    event: StageEvent | None = None
    finalizers: Finalizers | None = None
    changes: tuple[Change, ...] = ()
    deletes: bool = False

    def matches(self, obj: Obj) -> bool:
        meta = obj["metadata"]
        return (
            _holds(self.labels, meta.get("labels"))
            and _holds(self.annotations, meta.get("annotations"))
            and all(each.holds(obj) for each in self.requirements)
        )

    def weight_of(self, obj: Obj) -> int:
        for value in self.weight_path.values(obj) if self.weight_path is not None else ():
            if str(value).isdigit():
                return int(value)
        return self.weight

    def seconds(self, obj: Obj, now: float, chance: random.Random) -> float:
        """How long it takes this time."""
        least = self.delay.seconds(obj, now) if self.delay is not None else None
        if least is None:
            return 0.0
        most = self.jitter.seconds(obj, now) if self.jitter is not None else None
        if most is None:
            return max(least, 0.0)
        return max(most if most <= least else chance.uniform(least, most), 0.0)


def choose(stages: Iterable[Stage], obj: Obj, chance: random.Random) -> Stage | None:
    """One of those that match, by their weights; without weights all are as likely."""
    found = [stage for stage in stages if stage.matches(obj)]
    if len(found) < 2:
        return found[0] if found else None
    weights = [stage.weight_of(obj) for stage in found]
    return chance.choices(found, weights)[0] if any(weights) else chance.choice(found)


def parse_stage(obj: Obj) -> Stage | None:
    """Read a Stage; None for one without a selector, which matches nothing. Raises StageError."""
    name = (obj.get("metadata") or {}).get("name") or ""
    if obj.get("apiVersion") != API_VERSION or obj.get("kind") != "Stage":
        raise StageError(f"{obj.get('apiVersion')} {obj.get('kind')} {name!r} is no Stage of {API_VERSION}")
    try:
        return _stage(name, obj.get("spec") or {})
    except (PathError, TemplateError, StageError) as error:
        raise StageError(f"stage {name!r}: {error}") from None


def _stage(name: str, spec: Obj) -> Stage | None:
    kind = (spec.get("resourceRef") or {}).get("kind") or ""
    if kind not in KINDS:
        raise StageError(f"spec.resourceRef.kind is {kind!r}; stages are played for {' and '.join(KINDS)} alone")
    if unknown := sorted(spec.keys() - _FIELDS):
        raise StageError(f"spec.{unknown[0]} is not supported")
    selector = spec.get("selector")
    if selector is None:
        return None
    following, delay = spec.get("next") or {}, spec.get("delay")
    if unknown := sorted(following.keys() - {"event", "finalizers", "delete", "statusTemplate", "patches"} - _ALIKE):
        raise StageError(f"spec.next.{unknown[0]} is not supported")
    return Stage(
        name=name,
        kind=kind,
        labels=selector.get("matchLabels") or {},
        annotations=selector.get("matchAnnotations") or {},
        requirements=tuple(_requirement(each) for each in selector.get("matchExpressions") or ()),
        weight=spec.get("weight") or 0,
        weight_path=_expression(spec.get("weightFrom"), "spec.weightFrom"),
        delay=_span(delay, "duration", 0) if delay else None,
        jitter=_span(delay, "jitterDuration", None) if delay else None,
        event=_event(following["event"]) if following.get("event") else None,
        finalizers=_finalizers(following["finalizers"]) if following.get("finalizers") else None,
        changes=tuple(_changes(following)),
        deletes=bool(following.get("delete")),
    )


_ALIKE: Final = frozenset({"statusSubresource", "statusPatchAs"})
"""Of no consequence here."""


def _requirement(expression: Obj) -> Requirement:
    if "cel" in expression:
        raise StageError("spec.selector.matchExpressions: CEL is not supported; use a key")
    said = expression.get("jq") or expression
    operator = said.get("operator")
    if operator not in _OPERATORS:
        raise StageError(f"spec.selector.matchExpressions: operator {operator!r} is none of {', '.join(_OPERATORS)}")
    return Requirement(parse_path(said.get("key") or ""), operator, tuple(map(str, said.get("values") or ())))


def _expression(source: Obj | None, where: str) -> Path | None:
    if source is None:
        return None
    text = source.get("expressionFrom") or (source.get("jq") or {}).get("expression")
    if text is None:
        raise StageError(f"{where}: only jq-like expressions are supported")
    return parse_path(text)


def _span(delay: Obj, name: str, default: int | None) -> Span | None:
    milliseconds = delay.get(f"{name}Milliseconds", default)
    path = _expression(delay.get(f"{name}From"), f"spec.delay.{name}From")
    return None if milliseconds is None and path is None else Span(milliseconds, path)


def _event(event: Obj) -> StageEvent:
    message = Template.of(event.get("message") or "", FUNCTIONS)
    return StageEvent(event.get("type") or "Normal", event.get("reason") or "", message)


def _finalizers(said: Obj) -> Finalizers:
    add, remove = ([each.get("value") or "" for each in said.get(name) or ()] for name in ("add", "remove"))
    return Finalizers(tuple(add), tuple(remove), bool(said.get("empty")))


def _changes(following: Obj) -> Iterable[Change]:
    if template := following.get("statusTemplate"):
        yield Change(Template.of(template, FUNCTIONS), Patch.STRATEGIC, "status", "status")
    for each in following.get("patches") or ():
        if "impersonation" in each:
            raise StageError("spec.next.patches.impersonation is not supported")
        form = each.get("type") or "strategic"
        if form not in _TYPES:
            raise StageError(f"spec.next.patches.type is {form!r}, and none of {', '.join(_TYPES)}")
        template = Template.of(each.get("template") or "", FUNCTIONS)
        yield Change(template, _TYPES[form], each.get("subresource") or "", each.get("root") or "")


def _holds(wanted: Mapping[str, str], have: Mapping[str, str] | None) -> bool:
    return all((have or {}).get(key) == value for key, value in wanted.items())


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
