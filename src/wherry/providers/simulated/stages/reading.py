"""Stages from YAML, several to a file as people keep them."""

from __future__ import annotations

import re

from wherry.apiserver.yamltext import YamlError, parse_yaml
from wherry.providers.simulated.stages.stage import Stage, StageError, parse_stage

_SEPARATOR = re.compile(r"^---(?:[ \t].*)?$", re.MULTILINE)


def read_stages(text: str) -> list[Stage]:
    """All stages of a file; comments alone, and stages without a selector, are none. Raises StageError."""
    stages = []
    for number, part in enumerate(_SEPARATOR.split(text), 1):
        try:
            obj = parse_yaml(part.encode())
        except YamlError as error:
            raise StageError(f"document {number} is no YAML: {error}") from None
        if obj is None:
            continue
        if not isinstance(obj, dict):
            raise StageError(f"document {number} is no object")
        if (stage := parse_stage(obj)) is not None:
            stages.append(stage)
    return stages
