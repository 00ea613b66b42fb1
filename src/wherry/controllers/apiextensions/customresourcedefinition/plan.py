"""What the status of a definition ought to say: which of the names it asks for it gets, and whether it is served.

Names are unique within a group: plurals, singulars and short names among each other, kinds and list kinds among each
other. Whoever was given a name keeps it; others wait until it is free. The first names that are accepted establish a
definition, and nothing but its deletion ends that.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from wherry.api import Obj
from wherry.api.resource import Resource
from wherry.controllers import conditions
from wherry.controllers.apiextensions.customresourcedefinition.views import Definition, Names
from wherry.controllers.documents import plain
from wherry.lib.clock import format_time

APPROVED = "api-approved.kubernetes.io"
_SEE = "see https://github.com/kubernetes/enhancements/pull/1111"


class Taken(Struct, frozen=True):
    """The names that a group has given."""

    resources: frozenset[str]
    kinds: frozenset[str]

    @staticmethod
    def by(accepted: Iterable[Names], builtin: Iterable[Resource]) -> Taken:
        """Those of definitions, and those of built-in kinds."""
        resources: set[str] = set()
        kinds: set[str] = set()
        for names in accepted:
            resources |= {names.plural, names.singular, *names.short_names}
            kinds |= {names.kind, names.list_kind}
        for resource in builtin:
            resources |= {resource.plural, resource.singular, *resource.short_names}
            kinds |= {resource.kind, resource.list_kind}
        return Taken(frozenset(resources), frozenset(kinds))


def plan(definition: Definition, taken: Taken, now: float) -> Obj | None:
    """The status as it ought to be; None where it says nothing else already."""
    accepted, trouble = _names(definition, taken)
    fresh = [_names_accepted(trouble)]
    if established := _established(definition, is_accepted=trouble is None):
        fresh.append(established)
    if approval := _approval(definition):
        fresh.append(approval)
    old = definition.status
    new = old.conditions
    for condition in fresh:
        new = with_condition(new, condition, now)
    if accepted == old.accepted_names and new == old.conditions:
        return None
    return {"acceptedNames": _plain(accepted), "conditions": list(new)}


def is_settled(definition: Definition) -> bool:
    """Whether there is nothing to say, whatever others have: the case of nearly all definitions at a start."""
    status = definition.status
    return (
        definition.spec.names == status.accepted_names
        and conditions.is_true(status.conditions, "Established")
        and conditions.is_true(status.conditions, "NamesAccepted")
        and not is_protected(definition.spec.group)
    )


def is_waiting(definition: Definition) -> bool:
    """Whether a definition may be helped by a name that another one gives back."""
    return not conditions.is_true(definition.status.conditions, "NamesAccepted")


def with_condition(present: Sequence[Obj], condition: Obj, now: float) -> tuple[Obj, ...]:
    """`present` with a condition in its place; when it last changed its status is kept where that is the same."""
    current = conditions.find(present, condition["type"])
    if current is None:
        return (*present, {**condition, "lastTransitionTime": format_time(now)})
    since = current.get("lastTransitionTime") if current.get("status") == condition["status"] else None
    updated = {**current, **condition, "lastTransitionTime": since or format_time(now)}
    return tuple(updated if each is current else each for each in present)


def _names(definition: Definition, taken: Taken) -> tuple[Names, tuple[str, str] | None]:
    """(the names that the definition has from now on, what is wrong as (reason, message))."""
    asked, has = definition.spec.names, definition.status.accepted_names
    gets = msgspec.structs.asdict(has)
    trouble: tuple[str, str] | None = None
    for field, reason, used in (
        ("plural", "PluralConflict", taken.resources),
        ("singular", "SingularConflict", taken.resources),
        ("short_names", "ShortNamesConflict", taken.resources),
        ("kind", "KindConflict", taken.kinds),
        ("list_kind", "ListKindConflict", taken.kinds),
    ):
        wanted, mine = getattr(asked, field), getattr(has, field)
        fresh = [name for name in _each(wanted) if name not in _each(mine) and name in used]
        if fresh:
            trouble = (reason, _joined([f"{json.dumps(name)} is already in use" for name in fresh]))
        else:
            gets[field] = wanted
    gets["categories"] = asked.categories
    return Names(**gets), trouble


def _each(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _joined(texts: Sequence[str]) -> str:
    """As Go joins errors."""
    texts = list(dict.fromkeys(texts))
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def _names_accepted(trouble: tuple[str, str] | None) -> Obj:
    if trouble is None:
        return _condition("NamesAccepted", "True", "NoConflicts", "no conflicts found")
    return _condition("NamesAccepted", "False", *trouble)


def _established(definition: Definition, is_accepted: bool) -> Obj | None:
    """None: as it is."""
    present = conditions.find(definition.status.conditions, "Established")
    if present is not None and present.get("status") == "True":
        return None
    if not is_accepted:
        return None if present else _condition("Established", "False", "NotAccepted", "not all names are accepted")
    if not _is_usable(definition.spec.conversion):
        return _condition("Established", "False", "InvalidCABundle", "The conversion webhook CABundle is invalid")
    return _condition("Established", "True", "InitialNamesAccepted", "the initial names have been accepted")


def _is_usable(conversion: Obj) -> bool:
    """Whether the certificates that the webhook is to be known by can be read."""
    bundle = ((conversion.get("webhook") or {}).get("clientConfig") or {}).get("caBundle")
    if not bundle:
        return True
    try:
        text = base64.b64decode(bundle)
    except (binascii.Error, ValueError):
        return False
    return not text.strip() or b"-----BEGIN CERTIFICATE-----" in text


def _approval(definition: Definition) -> Obj | None:
    """Whether a kind in a group of the Kubernetes project may be there; None for all other groups."""
    if not is_protected(definition.spec.group):
        return None
    stated = definition.metadata.annotations.get(APPROVED, "")
    url = urlsplit(stated)
    if not stated:
        why = f'protected groups must have approval annotation "{APPROVED}", {_SEE}'
        return _condition("KubernetesAPIApprovalPolicyConformant", "False", "MissingAnnotation", why)
    if stated.startswith("unapproved"):
        why = f"not approved: {json.dumps(stated)}"
        return _condition("KubernetesAPIApprovalPolicyConformant", "False", "UnapprovedAnnotation", why)
    if url.scheme and url.netloc:
        return _condition(
            "KubernetesAPIApprovalPolicyConformant", "True", "ApprovedAnnotation", f"approved in {stated}"
        )
    why = (
        f'protected groups must have approval annotation "{APPROVED}" with either a URL or a reason starting with '
        f'"unapproved", {_SEE}'
    )
    return _condition("KubernetesAPIApprovalPolicyConformant", "False", "InvalidAnnotation", why)


def is_protected(group: str) -> bool:
    """Whether a group belongs to the Kubernetes project."""
    return group in ("k8s.io", "kubernetes.io") or group.endswith((".k8s.io", ".kubernetes.io"))


def _condition(type: str, status: str, reason: str, message: str) -> Obj:
    return {"type": type, "status": status, "reason": reason, "message": message}


def _plain(names: Names) -> Obj:
    """Kind and plural are always written, as upstream does."""
    return {"kind": "", "plural": "", **plain(names)}
