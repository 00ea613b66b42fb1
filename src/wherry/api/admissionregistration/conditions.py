"""`matchConditions` of webhooks and policies: expressions that say which requests they are asked about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wherry.api.admissionregistration.expressions import Result, Terms, validate_expression
from wherry.api.field import FieldError, duplicate, invalid, required, too_many
from wherry.api.meta.names import qualified_name_faults

_MOST = 64


def validate_match_conditions(
    conditions: Sequence[dict[str, Any]], path: str, *, has_params: bool = False
) -> list[FieldError]:
    """Each has a name of its own and an expression that is true or false."""
    faults = [too_many(path, len(conditions), _MOST)] if len(conditions) > _MOST else []
    terms = Terms(has_params=has_params)
    seen: set[str] = set()
    for index, condition in enumerate(conditions):
        name, text, where = condition.get("name") or "", condition.get("expression") or "", f"{path}[{index}]"
        if not text.strip():
            faults.append(required(where + ".expression"))
        else:
            faults += validate_expression(text.strip(), terms, (Result.BOOL,), where + ".expression")
        if not name:
            faults.append(required(where + ".name"))
            continue
        faults += [invalid(where + ".name", name, why) for why in qualified_name_faults(name)]
        if name in seen:
            faults.append(duplicate(where + ".name", name))
        seen.add(name)
    return faults
