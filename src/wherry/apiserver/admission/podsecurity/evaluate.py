"""A pod against a level."""

from __future__ import annotations

from wherry.api import Obj
from wherry.apiserver.admission.podsecurity.baseline import BASELINE
from wherry.apiserver.admission.podsecurity.findings import Check
from wherry.apiserver.admission.podsecurity.levels import Level
from wherry.apiserver.admission.podsecurity.restricted import RESTRICTED

_CHECKS: dict[Level, tuple[Check, ...]] = {
    Level.PRIVILEGED: (),
    Level.BASELINE: BASELINE,
    Level.RESTRICTED: RESTRICTED,
}


def violations(level: Level, metadata: Obj, spec: Obj) -> str:
    """All that is wrong, in upstream's words; "" when the pod is of the level."""
    findings = [check(metadata, spec) for check in _CHECKS[level]]
    return ", ".join(str(finding) for finding in findings if finding is not None)
