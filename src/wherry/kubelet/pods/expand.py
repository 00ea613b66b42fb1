"""`$(NAME)` in commands, arguments and environment values, by Kubernetes' rules. Pure.

`$(NAME)` becomes the variable's value; a reference to nothing stays as it is written; `$$` is one `$`, so `$$(NAME)`
is the way to write a reference that is none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_TOKEN = re.compile(r"\$(?:\$|\(([^)]*)\))")


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace the references in `text`."""
    if "$" not in text:
        return text

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return "$"
        return variables.get(name, match[0])

    return _TOKEN.sub(value, text)
