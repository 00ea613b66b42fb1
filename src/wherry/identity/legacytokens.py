"""How the cluster keeps book of tokens that stand in Secrets: their use, and how the unused are called in.

Such a token has no end of its own. The API server notes on its Secret the last day on which somebody showed it; one
that a service account lists (which is how they were made before tokens were issued on request) and nobody used for
long enough is first called in by another label, and deleted when after as long again nobody has missed it.
"""

from __future__ import annotations

from collections.abc import Mapping

from wherry.lib.clock import format_date

LAST_USED = "kubernetes.io/legacy-token-last-used"
"""The label with the last day of use."""
INVALID_SINCE = "kubernetes.io/legacy-token-invalid-since"
"""The label by which a token is called in without being deleted, with the day on which it was."""
TRACKING = "kube-apiserver-legacy-service-account-token-tracking"
"""The ConfigMap in `kube-system` that says since which day use is noted."""
SINCE = "since"
"""Where in it."""
DAY_SECONDS = 24 * 3600.0


def is_noted(labels: Mapping[str, str] | None, now: float) -> bool:
    """Whether the labels show a use now; a server whose clock is ahead may have written tomorrow."""
    return (labels or {}).get(LAST_USED) in (format_date(now), format_date(now + DAY_SECONDS))
