"""Which ControllerRevisions stand for the template before and after a rollout. Pure.

A Pod's label names the whole revision, so a set finds its way back to a template by name alone: Pods below the
partition are made again from the revision that `status.currentRevision` names.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec import Struct

from wherry.api import Obj
from wherry.api.apps.statefulset import STATEFULSETS
from wherry.api.types.apps_v1 import ControllerRevision, StatefulSet
from wherry.controllers.apps import history
from wherry.controllers.documents import plain

HASH_LABEL = "controller.kubernetes.io/hash"
_LONGEST_PREFIX = 223


class Target(Struct, frozen=True):
    """The revision of the present template: one that is there, perhaps to be numbered anew, or none yet."""

    found: ControllerRevision | None
    number: int
    """What the revision's number is to be."""


def target(stateful_set: StatefulSet, revisions: Sequence[ControllerRevision]) -> Target:
    ordered = history.in_order(revisions)
    next_number = (ordered[-1].revision or 0) + 1 if ordered else 1
    same = history.equal(ordered, history.data_of(stateful_set.spec.template))
    if not same:
        return Target(None, next_number)
    is_newest = history.equal(ordered[-1:], history.data_of(stateful_set.spec.template))
    return Target(ordered[-1], ordered[-1].revision or 0) if is_newest else Target(same[-1], next_number)


def new_revision(stateful_set: StatefulSet, number: int, collisions: int) -> Obj:
    """The revision to create for the present template; another count of collisions gives it another name."""
    data = history.data_of(stateful_set.spec.template)
    digest = history.hash_of(data, collisions)
    return history.revision(
        (STATEFULSETS, stateful_set.metadata),
        f"{stateful_set.metadata.name[:_LONGEST_PREFIX]}-{digest}",
        {**stateful_set.spec.template.metadata.labels, HASH_LABEL: digest},
        data,
        number,
    )


def template_of(stateful_set: StatefulSet, revision: ControllerRevision | None) -> Obj:
    """The Pod template a revision holds; the present one where there is no revision to ask."""
    if revision is None:
        return plain(stateful_set.spec.template)
    data = history.plain_data(revision.data)
    template: Obj = (data.get("spec") or {}).get("template") or {}
    return {name: value for name, value in template.items() if name != "$patch"}


def surplus(
    stateful_set: StatefulSet, revisions: Sequence[ControllerRevision], live: Collection[str]
) -> list[ControllerRevision]:
    """The oldest revisions beyond the limit; those that `live` names are not counted. A negative limit keeps all."""
    limit = stateful_set.spec.revision_history_limit
    limit = 10 if limit is None else limit
    if limit < 0:
        return []
    past = [one for one in history.in_order(revisions) if one.metadata.name not in live]
    return past[: max(0, len(past) - limit)]
