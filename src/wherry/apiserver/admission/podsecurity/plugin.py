"""Refuses pods that their namespace does not let be, and warns of workloads whose pods would be refused."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.apps.daemonset import DAEMONSETS
from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.apps.replicaset import REPLICASETS
from wherry.api.apps.statefulset import STATEFULSETS
from wherry.api.batch.cronjob import CRONJOBS
from wherry.api.batch.job import JOBS
from wherry.api.core.namespace import NAMESPACES
from wherry.api.core.pod import PODS
from wherry.api.core.podtemplate import PODTEMPLATES
from wherry.api.core.replicationcontroller import REPLICATIONCONTROLLERS
from wherry.api.errors import Invalid
from wherry.apiserver.admission.podsecurity.evaluate import violations
from wherry.apiserver.admission.podsecurity.levels import NOTHING, PREFIX, Level, Policy, label_faults, policy
from wherry.apiserver.admission.refusing import forbidden
from wherry.apiserver.attributes import Admission, Reader

WORKLOADS = (
    PODTEMPLATES,
    REPLICATIONCONTROLLERS,
    REPLICASETS,
    DEPLOYMENTS,
    STATEFULSETS,
    DAEMONSETS,
    JOBS,
    CRONJOBS,
)
KINDS = (PODS, NAMESPACES, *WORKLOADS)
_MARK = PREFIX.encode("ascii")


def pod_security(admission: Admission, reader: Reader) -> None:
    obj = admission.obj
    if obj is None or admission.operation not in ("CREATE", "UPDATE"):
        return
    if admission.resource is NAMESPACES:
        if not admission.subresource:
            _namespace(admission, obj, reader)
        return
    item = reader.get(NAMESPACES, "", admission.namespace)
    if item is None or _MARK not in item.data:
        return
    if admission.resource is not PODS:
        if not admission.subresource:
            _workload(admission, obj, policy(item.labels, "warn"))
    elif (admission.subresource, admission.operation) in (("", "CREATE"), ("ephemeralcontainers", "UPDATE")):
        _pod(admission, obj, policy(item.labels, "enforce"), policy(item.labels, "warn"))


def _pod(admission: Admission, pod: Obj, enforced: Policy, warned: Policy) -> None:
    wrong = violations(enforced.level, pod["metadata"], pod["spec"])
    if wrong:
        raise forbidden(admission, f'violates PodSecurity "{enforced}": {wrong}')
    wrong = violations(warned.level, pod["metadata"], pod["spec"])
    if wrong:
        admission.warn(f'would violate PodSecurity "{warned}": {wrong}')


def _workload(admission: Admission, obj: Obj, warned: Policy) -> None:
    """Never refused: the pods will be, and their owner says so in its status."""
    template = _template(obj)
    if template is None or warned.level is Level.PRIVILEGED:
        return
    wrong = violations(warned.level, template.get("metadata") or {}, template.get("spec") or {})
    if wrong:
        admission.warn(f'would violate PodSecurity "{warned}": {wrong}')


def _template(obj: Obj) -> Obj | None:
    if "template" in obj:
        return obj["template"]  # type: ignore[no-any-return]
    spec = obj.get("spec") or {}
    if "jobTemplate" in spec:
        spec = (spec["jobTemplate"] or {}).get("spec") or {}
    template: Obj | None = spec.get("template")
    return template


def _namespace(admission: Admission, namespace: Obj, reader: Reader) -> None:
    """Labels must make sense; whoever tightens the rules hears which pods already break them."""
    labels = namespace["metadata"].get("labels") or {}
    old = ((admission.old or {}).get("metadata") or {}).get("labels") or {}
    faults = label_faults(labels)
    if faults and label_faults(old) != faults:
        raise Invalid.of(NAMESPACES, namespace["metadata"].get("name", ""), faults)
    enforced, before = policy(labels, "enforce"), policy(old, "enforce")
    if admission.old is None or enforced in (before, NOTHING):
        return
    broken: dict[str, list[str]] = {}
    for item in reader.list(PODS, namespace["metadata"]["name"]):
        pod = item.decode()
        if wrong := violations(enforced.level, pod["metadata"], pod["spec"]):
            broken.setdefault(wrong, []).append(item.name)
    if not broken:
        return
    name = namespace["metadata"]["name"]
    admission.warn(f'existing pods in namespace "{name}" violate the new PodSecurity enforce level "{enforced}"')
    for wrong, pods in sorted(broken.items(), key=lambda entry: entry[1]):
        rest = len(pods) - 1
        others = "" if not rest else f" (and {rest} other pod{'s' if rest > 1 else ''})"
        admission.warn(f"{pods[0]}{others}: {wrong}")
