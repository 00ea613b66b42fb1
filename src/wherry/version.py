"""What this is a version of: our own, and the Kubernetes whose API it serves."""

from __future__ import annotations

from wherry import __version__

KUBERNETES_MINOR = "37"
KUBERNETES_VERSION = f"v1.{KUBERNETES_MINOR}.0+wherry{__version__}"
"""Semantic version with build metadata, which clients accept and ignore."""
