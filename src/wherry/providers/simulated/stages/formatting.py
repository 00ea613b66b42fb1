"""Go's `printf`, as far as templates have values for it: text, numbers, truth, lists and maps of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

from wherry.providers.simulated.stages.parsing import TemplateError

_VERB: Final = re.compile(r"%([-+# 0]*)(\d*)(?:\.(\d*))?(.)", re.DOTALL)


def printf(show: Callable[[Any], str], layout: str, *values: Any) -> str:
    """`layout` with its verbs replaced by `values`; `show` is how a value looks without one. Raises TemplateError."""
    left = list(values)

    def one(match: re.Match[str]) -> str:
        flags, width, precision, verb = match.groups()
        if verb == "%":
            return "%"
        if not left:
            raise TemplateError(f"printf: nothing is left for {match[0]!r}")
        value = left.pop(0)
        if verb in "sv":
            text = show(value)
            return _padded(text if precision is None else text[: int(precision or 0)], flags, width)
        return _by_verb(match[0], verb, value, flags, width, precision)

    text = _VERB.sub(one, layout)
    if left:
        raise TemplateError(f"printf: {layout!r} has no verb for {show(left[0])}")
    return text


def _by_verb(whole: str, verb: str, value: Any, flags: str, width: str, precision: str | None) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if verb == "q" and isinstance(value, str):
        return _padded(json.dumps(value, ensure_ascii=False), flags, width)
    if verb == "t" and isinstance(value, bool):
        return _padded(str(value).lower(), flags, width)
    if (verb in "dxXo" and is_number and isinstance(value, int)) or (verb in "eEfFgG" and is_number):
        exact = "" if precision is None else f".{precision or 0}"
        shown: str = f"%{flags}{width}{exact}{verb}" % value
        return shown
    raise TemplateError(f"printf: {whole!r} does not take {json.dumps(value)}")


def _padded(text: str, flags: str, width: str) -> str:
    room = int(width or 0)
    return text.ljust(room) if "-" in flags else text.rjust(room)
