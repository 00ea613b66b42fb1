"""What a cluster tells a test on purpose: outcomes, not mishaps of its own."""

from __future__ import annotations

from wherry.api.errors import ApiError
from wherry.testing.cluster.goals import WaitTimeout
from wherry.testing.cluster.kinds import UnknownKind
from wherry.testing.cluster.manifests import ManifestError

TOLD = (ApiError, WaitTimeout, UnknownKind, ManifestError, FileNotFoundError)
"""The errors whose way through the control plane is of no interest to whoever gets them."""
