"""What of an object belongs to a feature: a table of fields by the type that they are in.

A type is found wherever it is used, so that one line says it of a Pod, of all templates of Pods and of whatever else
has such a part. What becomes of the fields while their gate is off is `withholding.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from wherry.api.features import Gate
from wherry.api.field import FieldError, invalid, not_supported

Judge = Callable[[Any, str], FieldError]
"""(value, path) -> what is wrong with it while the gate is off."""


def _always(_: Any) -> bool:
    return True


class Gated(Struct, frozen=True):
    """One field that a gate stands before."""

    gate: Gate
    type: str
    field: str
    uses: Callable[[Any], bool] = _always
    """Whether a value that is there is one that needs the gate."""
    judge: Judge | None = None
    """The fault of what needs the gate; None where the field is dropped without a word."""
    judged: Callable[[Any], bool] | None = None
    """Which values are judged, where those are more than need the gate: what is said of them depends on it too."""

    @property
    def concerns(self) -> Callable[[Any], bool]:
        """Whether something becomes of a value while the gate is off."""
        return self.judged or self.uses


def _has_namespace(reference: Any) -> bool:
    return bool(reference.get("namespace"))


def _is_a_signal_alone(lifecycle: Any) -> bool:
    return bool(lifecycle.keys() == {"stopSignal"})


def _compares(operator: Any) -> bool:
    return operator in ("Lt", "Gt")


def _is_other_operator(operator: Any) -> bool:
    return operator not in ("", "Equal", "Exists")


def _not_an_operator(operator: Any, path: str) -> FieldError:
    return not_supported(path, operator, ("Equal", "Exists"))


def _is_zero(number: Any) -> bool:
    return bool(number == 0)


def _is_below_one(number: Any) -> bool:
    return bool(number < 1)


def _too_few(number: Any, path: str) -> FieldError:
    return invalid(path, number, "must be greater than or equal to 1")


def _all(gate: Gate, *fields: str) -> tuple[Gated, ...]:
    """Fields that are dropped: `core.v1.PodSpec.resources`."""
    return tuple(Gated(gate, owner, name) for owner, _, name in (field.rpartition(".") for field in fields))


TABLE: tuple[Gated, ...] = (
    *_all(
        Gate.ATOMIC_WRITE_VOLUME_USER_FIELDS,
        "core.v1.ClusterTrustBundleProjection.user",
        "core.v1.ConfigMapVolumeSource.defaultUser",
        "core.v1.DownwardAPIVolumeFile.user",
        "core.v1.DownwardAPIVolumeSource.defaultUser",
        "core.v1.KeyToPath.user",
        "core.v1.PodCertificateProjection.user",
        "core.v1.ProjectedVolumeSource.defaultUser",
        "core.v1.SecretVolumeSource.defaultUser",
        "core.v1.ServiceAccountTokenProjection.user",
    ),
    Gated(Gate.CONTAINER_STOP_SIGNALS, "core.v1.Container", "lifecycle", _is_a_signal_alone),
    *_all(Gate.CONTAINER_STOP_SIGNALS, "core.v1.Lifecycle.stopSignal"),
    Gated(
        Gate.CROSS_NAMESPACE_VOLUME_DATA_SOURCE, "core.v1.PersistentVolumeClaimSpec", "dataSourceRef", _has_namespace
    ),
    *_all(
        Gate.CSI_VOLUME_HEALTH,
        "core.v1.PersistentVolumeClaimStatus.healthStatus",
        "core.v1.PodStatus.volumeHealth",
        "storage.v1.CSINodeStatus.storageHealth",
    ),
    *_all(
        Gate.DRA_CONSUMABLE_CAPACITY,
        "resource.v1.AllocatedDeviceStatus.shareID",
        "resource.v1.Device.allowMultipleAllocations",
        "resource.v1.DeviceCapacity.requestPolicy",
        "resource.v1.DeviceConstraint.distinctAttribute",
        "resource.v1.DeviceRequestAllocationResult.consumedCapacity",
        "resource.v1.DeviceRequestAllocationResult.shareID",
        "resource.v1.DeviceSubRequest.capacity",
        "resource.v1.ExactDeviceRequest.capacity",
    ),
    *_all(
        Gate.DRA_DEVICE_BINDING_CONDITIONS,
        "resource.v1.AllocationResult.allocationTimestamp",
        "resource.v1.Device.bindingConditions",
        "resource.v1.Device.bindingFailureConditions",
        "resource.v1.Device.bindsToNode",
        "resource.v1.DeviceRequestAllocationResult.bindingConditions",
        "resource.v1.DeviceRequestAllocationResult.bindingFailureConditions",
    ),
    *_all(
        Gate.DRA_DEVICE_TAINTS,
        "resource.v1.Device.taints",
        "resource.v1.DeviceRequestAllocationResult.tolerations",
        "resource.v1.DeviceSubRequest.tolerations",
        "resource.v1.ExactDeviceRequest.tolerations",
    ),
    *_all(
        Gate.DRA_LIST_TYPE_ATTRIBUTES,
        "resource.v1.DeviceAttribute.bools",
        "resource.v1.DeviceAttribute.ints",
        "resource.v1.DeviceAttribute.strings",
        "resource.v1.DeviceAttribute.versions",
    ),
    *_all(
        Gate.DRA_NODE_ALLOCATABLE_RESOURCES,
        "core.v1.PodStatus.nodeAllocatableResourceClaimStatuses",
        "resource.v1.Device.nodeAllocatableResources",
    ),
    *_all(
        Gate.DRA_OPTIONAL_NODE_OPERATIONS,
        "resource.v1.DeviceRequestAllocationResult.skipNodeOperations",
        "resource.v1.ResourceSliceSpec.skipNodeOperations",
    ),
    *_all(
        Gate.DRA_PARTITIONABLE_DEVICES,
        "resource.v1.Device.allNodes",
        "resource.v1.Device.consumesCounters",
        "resource.v1.Device.nodeName",
        "resource.v1.Device.nodeSelector",
        "resource.v1.ResourceSliceSpec.perDeviceNodeSelection",
        "resource.v1.ResourceSliceSpec.sharedCounters",
    ),
    *_all(Gate.DRA_PARTITIONABLE_DEVICES_TYPE, "resource.v1.ResourceSliceSpec.partitionTypeAttribute"),
    *_all(Gate.EMPTY_DIR_VOLUME_MODE, "core.v1.EmptyDirVolumeSource.mode"),
    *_all(Gate.ENV_FILES, "core.v1.EnvVarSource.fileKeyRef"),
    *_all(Gate.EVICTION_REQUEST_API, "core.v1.PodSpec.evictionResponders"),
    *_all(Gate.GENERIC_WORKLOAD, "core.v1.PodSpec.schedulingGroup"),
    *_all(Gate.GRPC_CONTAINER_PROBE_TLS, "core.v1.GRPCAction.mode"),
    *_all(Gate.H2C_CONTAINER_PROBE, "core.v1.HTTPGetAction.protocol"),
    *(
        Gated(Gate.HPA_SCALE_TO_ZERO, spec, "minReplicas", _is_zero, _too_few, _is_below_one)
        for spec in ("autoscaling.v1.HorizontalPodAutoscalerSpec", "autoscaling.v2.HorizontalPodAutoscalerSpec")
    ),
    *_all(Gate.IN_PLACE_POD_SCALING_PREEMPTION, "core.v1.NodeSpec.podPreemptionPolicy"),
    *_all(Gate.MATCH_LABEL_KEYS_IN_SPREADING, "core.v1.TopologySpreadConstraint.matchLabelKeys"),
    *_all(Gate.MAX_UNAVAILABLE_STATEFUL_SET, "apps.v1.RollingUpdateStatefulSetStrategy.maxUnavailable"),
    *_all(Gate.POD_LEVEL_RESOURCES, "core.v1.PodSpec.resources"),
    Gated(
        Gate.TAINT_TOLERATION_COMPARISON_OPERATORS,
        "core.v1.Toleration",
        "operator",
        _compares,
        _not_an_operator,
        _is_other_operator,
    ),
    *_all(
        Gate.TERMINATING_REPLICAS,
        "apps.v1.DeploymentStatus.terminatingReplicas",
        "apps.v1.ReplicaSetStatus.terminatingReplicas",
    ),
    *_all(Gate.VOLUME_BIND_MOUNT_OPTIONS, "core.v1.VolumeMount.bindMountOptions"),
    *_all(Gate.VOLUME_LIMIT_SCALING, "storage.v1.CSIDriverSpec.preventPodSchedulingIfMissing"),
    *_all(Gate.WORKLOAD_WITH_JOB, "batch.v1.JobSpec.scheduling"),
)
