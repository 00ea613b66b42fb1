"""Going back to an earlier revision because an annotation says so. Pure.

Clients of old ask for a rollback through the group that Deployments once were in; what they asked for is kept in an
annotation (today's `kubectl rollout undo` writes the template itself). It is obeyed once and taken off, whatever comes
of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from wherry.api import Obj
from wherry.api.patch import merge
from wherry.api.types.apps_v1 import Deployment, ReplicaSet
from wherry.controllers.apps.deployment.model import HASH_LABEL, ROLLBACK
from wherry.controllers.apps.deployment.revisions import NOT_COPIED, is_same_template, revision_of
from wherry.controllers.documents import plain


class Rollback(Struct, frozen=True):
    """The patch of the Deployment and what to tell of it."""

    patch: Obj
    type: str
    reason: str
    message: str


def plan_rollback(deployment: Deployment, sets: Sequence[ReplicaSet]) -> Rollback | None:
    """None when nobody asks for one. Revision 0 means the one before the present."""
    wish = deployment.metadata.annotations.get(ROLLBACK)
    if wish is None:
        return None
    try:
        revision = int(wish)
    except ValueError:
        return None
    if revision == 0 and (revision := _revision_before(sets)) == 0:
        return _refused("DeploymentRollbackRevisionNotFound", "Unable to find last revision.")
    target = next((one for one in sets if revision_of(one.metadata.annotations) == revision), None)
    if target is None:
        return _refused("DeploymentRollbackRevisionNotFound", "Unable to find the revision to rollback to.")
    name = deployment.metadata.name
    if is_same_template(target.spec.template, deployment.spec.template):
        message = f'The rollback revision contains the same template as current deployment "{name}"'
        return _refused("DeploymentRollbackTemplateUnchanged", message)
    message = f'Rolled back deployment "{name}" to revision {revision}'
    return Rollback(_patch_to(deployment, target), "Normal", "DeploymentRollback", message)


def _revision_before(sets: Sequence[ReplicaSet]) -> int:
    revisions = sorted({revision_of(one.metadata.annotations) for one in sets} | {0})
    return revisions[-2] if len(revisions) > 1 else 0


def _refused(reason: str, message: str) -> Rollback:
    return Rollback({"metadata": {"annotations": {ROLLBACK: None}}}, "Warning", reason, message)


def _patch_to(deployment: Deployment, target: ReplicaSet) -> Obj:
    template = plain(target.spec.template)
    labels = {name: value for name, value in target.spec.template.metadata.labels.items() if name != HASH_LABEL}
    template["metadata"] = {**template.get("metadata", {}), "labels": labels}
    before = deployment.metadata.annotations
    after = {name: value for name, value in before.items() if name in NOT_COPIED and name != ROLLBACK}
    after.update({name: value for name, value in target.metadata.annotations.items() if name not in NOT_COPIED})
    return {
        "metadata": {
            "annotations": merge.diff(dict(before), after),
            "resourceVersion": deployment.metadata.resource_version,
        },
        "spec": {"template": merge.diff(plain(deployment.spec.template), template)},
    }
