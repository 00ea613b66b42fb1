"""What makes a Pod the one of an ordinal: its name, its labels, its place in the network, its volumes. Pure."""

from __future__ import annotations

import re

from wherry.api import Obj
from wherry.api.apps.statefulset import STATEFULSETS
from wherry.api.types.apps_v1 import StatefulSet
from wherry.api.types.core_v1 import Pod
from wherry.controllers.apps.history import HASH_LABEL
from wherry.controllers.apps.statefulset.claims import claim_name
from wherry.controllers.ownership import controller_reference
from wherry.controllers.podtemplate import pod_from_template

POD_NAME = "statefulset.kubernetes.io/pod-name"
POD_INDEX = "apps.kubernetes.io/pod-index"

_NAME = re.compile(r"(.*)-([0-9]+)\Z", re.DOTALL)
_MOST = 2**31


def parent_and_ordinal(pod_name: str) -> tuple[str, int]:
    """The StatefulSet a Pod's name points at, and the ordinal; -1 for names without one."""
    match = _NAME.match(pod_name)
    if match is None:
        return "", -1
    ordinal = int(match[2])
    return match[1], ordinal if ordinal < _MOST else -1


def ordinal_of(pod: Pod) -> int:
    return parent_and_ordinal(pod.metadata.name)[1]


def is_member(stateful_set: StatefulSet, pod: Pod) -> bool:
    """Whether the Pod's name says that it belongs to the set."""
    return parent_and_ordinal(pod.metadata.name)[0] == stateful_set.metadata.name


def start_of(stateful_set: StatefulSet) -> int:
    """The lowest ordinal."""
    ordinals = stateful_set.spec.ordinals
    return (ordinals.start or 0) if ordinals is not None else 0


def replicas_of(stateful_set: StatefulSet) -> int:
    return 1 if stateful_set.spec.replicas is None else stateful_set.spec.replicas


def is_in_range(stateful_set: StatefulSet, ordinal: int) -> bool:
    """Whether a Pod of this ordinal is wanted."""
    start = start_of(stateful_set)
    return start <= ordinal < start + replicas_of(stateful_set)


def revision_of(pod: Pod) -> str:
    """The name of the ControllerRevision that the Pod was made from."""
    return pod.metadata.labels.get(HASH_LABEL, "")


def name_of(stateful_set: StatefulSet, ordinal: int) -> str:
    return f"{stateful_set.metadata.name}-{ordinal}"


def new_pod(stateful_set: StatefulSet, template: Obj, ordinal: int, revision: str) -> Obj:
    """The Pod of an ordinal, made from the template of a revision."""
    name = name_of(stateful_set, ordinal)
    pod = pod_from_template(template, name, controller_reference(STATEFULSETS, stateful_set.metadata))
    metadata = pod["metadata"]
    del metadata["generateName"]
    metadata["name"] = name
    metadata["labels"] = {**metadata.get("labels", {}), **identity_labels(name, ordinal), HASH_LABEL: revision}
    spec = {**pod["spec"], "hostname": name, "subdomain": stateful_set.spec.service_name or ""}
    if not spec["subdomain"]:
        del spec["subdomain"]
    if volumes := volumes_for(stateful_set, spec.get("volumes") or [], ordinal):
        spec["volumes"] = volumes
    return {**pod, "spec": spec}


def identity_labels(name: str, ordinal: int) -> dict[str, str]:
    return {POD_NAME: name, POD_INDEX: str(ordinal)}


def volumes_for(stateful_set: StatefulSet, volumes: list[Obj], ordinal: int) -> list[Obj]:
    """The Pod's volumes: its claims, and what the template has under other names."""
    names = dict.fromkeys(template.metadata.name for template in stateful_set.spec.volume_claim_templates)
    claimed = [
        {"name": name, "persistentVolumeClaim": {"claimName": claim_name(stateful_set, name, ordinal)}}
        for name in names
    ]
    return [*claimed, *(volume for volume in volumes if volume.get("name") not in names)]


def has_identity(pod: Pod) -> bool:
    """Whether the label that Services select single Pods by is there."""
    return pod.metadata.labels.get(POD_NAME) == pod.metadata.name


def has_storage(stateful_set: StatefulSet, pod: Pod) -> bool:
    """Whether the Pod mounts the claims of its ordinal."""
    ordinal = ordinal_of(pod)
    found = {
        volume.name: volume.persistent_volume_claim.claim_name
        for volume in pod.spec.volumes
        if volume.persistent_volume_claim is not None
    }
    names = (template.metadata.name for template in stateful_set.spec.volume_claim_templates)
    return all(found.get(name) == claim_name(stateful_set, name, ordinal) for name in names)
