"""What the rules for a container have to know of the pod around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from wherry.api.field import FieldError


class Context(Struct):
    """One specification being judged; `faults` is where everybody puts what he finds."""

    faults: list[FieldError]
    volumes: Mapping[str, dict[str, Any]]
    """The sound ones, by name."""
    claims: Mapping[str, None]
    """Names of the resource claims, in their order."""
    grace: int
    restart_policy: str
    host_users: bool
    is_pod: bool
    """Whether it is a pod's; a template's may leave some things open."""
    system: str
    """The operating system that it is for; "" where it does not say."""
