"""Feature gates: which of Kubernetes' unfinished features a cluster has.

The table is `Gate`: every gate of upstream's 1.37 that something here asks for, with its stage there. A gate that is
not in it is not known, as upstream does not know a name that it has not (yet, or any more); what a gate of upstream's
would switch where nothing here is behind it is said in docs/compatibility.md.

`Features` is what one control plane was told. It travels as a value, from the command line or a test's words to whoever
asks, so that two clusters in a process may differ. What a gate means for the fields of objects is the table in
`gated.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum

from msgspec import Struct


class Stage(Enum):
    """How finished a feature is. The values are those of upstream's metric."""

    ALPHA = "ALPHA"
    BETA = "BETA"
    GA = ""


class Terms(Struct, frozen=True):
    """What upstream says of one gate."""

    name: str
    stage: Stage
    default: bool
    needs: tuple[str, ...] = ()
    """Gates without which it may not be on."""
    is_locked: bool = False
    """Whether it is what it is by default for good, and only still has a name."""


def _alpha(name: str, *needs: str) -> Terms:
    return Terms(name, Stage.ALPHA, False, needs)


def _beta(name: str, *needs: str) -> Terms:
    return Terms(name, Stage.BETA, True, needs)


def _ga(name: str, *needs: str, is_locked: bool = False) -> Terms:
    return Terms(name, Stage.GA, True, needs, is_locked)


class Gate(Enum):
    """The gates by what they are about; the value of each is what upstream says of it."""

    ATOMIC_WRITE_VOLUME_USER_FIELDS = _alpha("AtomicWriteVolumeUserFields")
    CLAIM_UNUSED_SINCE_TIME = _beta("PersistentVolumeClaimUnusedSinceTime")
    CONTAINER_STOP_SIGNALS = _alpha("ContainerStopSignals")
    CROSS_NAMESPACE_VOLUME_DATA_SOURCE = _alpha("CrossNamespaceVolumeDataSource")
    CSI_VOLUME_HEALTH = _alpha("CSIVolumeHealth")
    DRA_ADMIN_ACCESS = _ga("DRAAdminAccess", is_locked=True)
    DRA_CONSUMABLE_CAPACITY = _beta("DRAConsumableCapacity")
    DRA_DEVICE_BINDING_CONDITIONS = _beta("DRADeviceBindingConditions")
    DRA_DEVICE_TAINT_RULES = _ga("DRADeviceTaintRules", "DRADeviceTaints")
    DRA_DEVICE_TAINTS = _ga("DRADeviceTaints")
    DRA_EXTENDED_RESOURCE = _ga("DRAExtendedResource", is_locked=True)
    DRA_LIST_TYPE_ATTRIBUTES = _alpha("DRAListTypeAttributes")
    DRA_NODE_ALLOCATABLE_RESOURCES = _alpha("DRANodeAllocatableResources")
    DRA_OPTIONAL_NODE_OPERATIONS = _alpha("DRAOptionalNodeOperations")
    DRA_PARTITIONABLE_DEVICES = _beta("DRAPartitionableDevices")
    DRA_PARTITIONABLE_DEVICES_TYPE = _alpha("DRAPartitionableDevicesType", "DRAPartitionableDevices")
    DRA_PRIORITIZED_LIST = _ga("DRAPrioritizedList", is_locked=True)
    DYNAMIC_RESOURCE_ALLOCATION = _ga("DynamicResourceAllocation", is_locked=True)
    EMPTY_DIR_VOLUME_MODE = _alpha("EmptyDirVolumeMode")
    ENV_FILES = _beta("EnvFiles")
    EVICTION_REQUEST_API = _alpha("EvictionRequestAPI")
    GENERIC_WORKLOAD = Terms("GenericWorkload", Stage.BETA, False)
    GRPC_CONTAINER_PROBE_TLS = _alpha("GRPCContainerProbeTLS")
    H2C_CONTAINER_PROBE = _alpha("H2CContainerProbe")
    HOSTNAME_OVERRIDE = _ga("HostnameOverride", is_locked=True)
    HPA_CONFIGURABLE_TOLERANCE = _ga("HPAConfigurableTolerance", is_locked=True)
    HPA_SCALE_TO_ZERO = _beta("HPAScaleToZero")
    IN_PLACE_POD_SCALING = _ga("InPlacePodVerticalScaling", is_locked=True)
    IN_PLACE_POD_SCALING_PREEMPTION = _alpha("InPlacePodVerticalScalingSchedulerPreemption")
    MATCH_LABEL_KEYS_IN_SPREADING = _beta("MatchLabelKeysInPodTopologySpread")
    MAX_UNAVAILABLE_STATEFUL_SET = _beta("MaxUnavailableStatefulSet")
    POD_LEVEL_RESOURCES = _beta("PodLevelResources")
    SCHEDULER_POP_FROM_BACKOFF = _beta("SchedulerPopFromBackoffQ")
    STORAGE_CAPACITY_SCORING = _beta("StorageCapacityScoring")
    TAINT_TOLERATION_COMPARISON_OPERATORS = _alpha("TaintTolerationComparisonOperators")
    TERMINATING_REPLICAS = _beta("DeploymentReplicaSetTerminatingReplicas")
    VOLUME_ATTRIBUTES_CLASS = _ga("VolumeAttributesClass", is_locked=True)
    VOLUME_BIND_MOUNT_OPTIONS = _alpha("VolumeBindMountOptions")
    VOLUME_LIMIT_SCALING = _beta("VolumeLimitScaling")
    WATCH_LIST = _beta("WatchList")
    WORKLOAD_WITH_JOB = _alpha("WorkloadWithJob", "GenericWorkload")


_ALL = {"AllAlpha": Stage.ALPHA, "AllBeta": Stage.BETA}
"""Names that speak for all gates of a stage but those that are named themselves."""
_BY_NAME = {gate.value.name: gate for gate in Gate}
GATES = frozenset({*_BY_NAME, *_ALL})
"""Every name that can be set."""
_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})


class FeatureError(ValueError):
    """Gates that can not be set so, in upstream's words."""


class Features(Struct, frozen=True):
    """Which gates are on. Made by `features`."""

    enabled: frozenset[Gate]
    stages: frozenset[Stage] = frozenset()
    """Of `AllAlpha` and `AllBeta`, those that were set, for who looks at the metrics."""

    def has(self, gate: Gate) -> bool:
        return gate in self.enabled

    def without(self) -> frozenset[Gate]:
        """The gates that are off."""
        return frozenset(Gate) - self.enabled

    def states(self) -> Iterator[tuple[str, Stage, bool]]:
        """(name, stage, whether it is on) of every name that can be set."""
        for name, stage in _ALL.items():
            yield name, stage, stage in self.stages
        for name, gate in _BY_NAME.items():
            yield name, gate.value.stage, gate in self.enabled


def features(settings: Mapping[str, bool]) -> Features:
    """What a cluster has whose gates are set so, and the others as they are by default. Raises FeatureError."""
    for name in settings:
        if name not in GATES:
            raise FeatureError(f"unrecognized feature gate: {name}")
    faults = [fault for name, value in settings.items() if (fault := _locked(name, value))]
    stages = {_ALL[name]: value for name, value in settings.items() if name in _ALL}
    enabled = frozenset(gate for name, gate in _BY_NAME.items() if _is_on(gate.value, settings.get(name), stages))
    made = Features(enabled, frozenset(stage for stage, value in stages.items() if value))
    faults = faults or [fault for gate in Gate if gate in enabled and (fault := _unmet(gate.value, made))]
    if len(faults) > 1:
        raise FeatureError(f"[{', '.join(faults)}]")
    if faults:
        raise FeatureError(faults[0])
    return made


def _is_on(terms: Terms, said: bool | None, stages: Mapping[Stage, bool]) -> bool:
    return stages.get(terms.stage, terms.default) if said is None else said


def _locked(name: str, value: bool) -> str:
    terms = _BY_NAME[name].value if name in _BY_NAME else None
    if terms is None or not terms.is_locked or terms.default == value:
        return ""
    locked = str(terms.default).lower()
    return f"cannot set feature gate {name} to {str(value).lower()}, feature is locked to {locked}"


def _unmet(terms: Terms, made: Features) -> str:
    missing = [name for name in terms.needs if not made.has(_BY_NAME[name])]
    if not missing:
        return ""
    return f"{terms.name} is enabled, but depends on features that are disabled: [{' '.join(missing)}]"


def parse_gates(text: str) -> dict[str, bool]:
    """The settings in `A=true,B=false`, as upstream's option takes them. Raises FeatureError."""
    settings = {}
    for part in filter(None, map(str.strip, text.split(","))):
        name, has_value, value = (each.strip() for each in part.partition("="))
        if not has_value:
            raise FeatureError(f"missing bool value for {name}")
        if value not in _TRUE | _FALSE:
            why = f'strconv.ParseBool: parsing "{value}": invalid syntax'
            raise FeatureError(f"invalid value of {name}={value}, err: {why}")
        settings[name] = value in _TRUE
    return settings


def format_gates(settings: Mapping[str, bool]) -> str:
    """The inverse of `parse_gates`."""
    return ",".join(f"{name}={str(value).lower()}" for name, value in settings.items())


DEFAULTS = features({})
"""What a cluster has that was told nothing."""
