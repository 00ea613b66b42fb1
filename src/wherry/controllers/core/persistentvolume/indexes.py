"""The look-up tables of all who deal with volumes, claims and the Pods that use them."""

from __future__ import annotations

from wherry.api.core.podclaims import claim_paths
from wherry.api.core.volumematching import claim_path, class_of, free_in_class
from wherry.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim, Pod
from wherry.client import Informer

BY_CLAIM = "claim"
"""Volumes by the claim they name and Pods by the claims they use: `namespace/name`."""
BY_VOLUME = "volume"
"""Claims by the volume they name."""
FREE, UNBOUND = "free", "unbound"
"""Volumes that nobody has and claims that have nothing, by class."""


def index_by_claim(pods: Informer[Pod]) -> None:
    pods.add_index(BY_CLAIM, claim_paths)


def index_volumes(volumes: Informer[PersistentVolume]) -> None:
    volumes.add_index(BY_CLAIM, claim_path)
    volumes.add_index(FREE, free_in_class)


def index_claims(claims: Informer[PersistentVolumeClaim]) -> None:
    claims.add_index(BY_VOLUME, lambda claim: (claim.spec.volume_name,) if claim.spec.volume_name else ())
    claims.add_index(UNBOUND, lambda claim: () if claim.spec.volume_name else (class_of(claim),))
