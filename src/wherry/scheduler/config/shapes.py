"""The shapes of upstream's plugins' args, field by field: what is not here is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wherry.scheduler.config.strict import Strict


class Point(Strict, frozen=True):
    """Of a line: how full a node is, and how good that is."""

    utilization: int = 0
    score: int = 0


class Ratio(Strict, frozen=True):
    shape: tuple[Point, ...] = ()


class ResourceSpec(Strict, frozen=True):
    name: str = ""
    weight: int = 1


class Strategy(Strict, frozen=True):
    type: str = ""
    resources: tuple[ResourceSpec, ...] = ()
    requested_to_capacity_ratio: Ratio | None = None


class Requirement(Strict, frozen=True):
    key: str = ""
    operator: str = ""
    values: tuple[str, ...] = ()


class Term(Strict, frozen=True):
    match_expressions: tuple[Requirement, ...] = ()
    match_fields: tuple[Requirement, ...] = ()


class Required(Strict, frozen=True):
    node_selector_terms: tuple[Term, ...] = ()


class Preferred(Strict, frozen=True):
    weight: int = 0
    preference: Term = Term()


class Affinity(Strict, frozen=True):
    required_during_scheduling_ignored_during_execution: Required | None = None
    preferred_during_scheduling_ignored_during_execution: tuple[Preferred, ...] = ()


class Constraint(Strict, frozen=True):
    max_skew: int = 0
    topology_key: str = ""
    when_unsatisfiable: str = ""
    label_selector: dict[str, Any] | None = None
    min_domains: int | None = None
    node_affinity_policy: str | None = None
    node_taints_policy: str | None = None
    match_label_keys: tuple[str, ...] = ()


class _Args(Strict, frozen=True):
    api_version: str = ""
    kind: str = ""


class DefaultPreemptionArgs(_Args, frozen=True):
    min_candidate_nodes_percentage: int = 10
    min_candidate_nodes_absolute: int = 100


class InterPodAffinityArgs(_Args, frozen=True):
    hard_pod_affinity_weight: int = 1
    ignore_preferred_terms_of_existing_pods: bool = False


class NodeAffinityArgs(_Args, frozen=True):
    added_affinity: Affinity | None = None


class NodeResourcesFitArgs(_Args, frozen=True):
    ignored_resources: tuple[str, ...] = ()
    ignored_resource_groups: tuple[str, ...] = ()
    scoring_strategy: Strategy | None = None


class NodeResourcesBalancedAllocationArgs(_Args, frozen=True):
    resources: tuple[ResourceSpec, ...] = ()


class PodTopologySpreadArgs(_Args, frozen=True):
    default_constraints: tuple[Constraint, ...] = ()
    defaulting_type: str = ""


class VolumeBindingArgs(_Args, frozen=True):
    bind_timeout_seconds: int = 600
    shape: tuple[Point, ...] = ()


class DynamicResourcesArgs(_Args, frozen=True):
    filter_timeout: str = ""
    binding_timeout: str = ""


ARGS: Mapping[str, type[Strict]] = {
    "DefaultPreemption": DefaultPreemptionArgs,
    "DynamicResources": DynamicResourcesArgs,
    "InterPodAffinity": InterPodAffinityArgs,
    "NodeAffinity": NodeAffinityArgs,
    "NodeResourcesBalancedAllocation": NodeResourcesBalancedAllocationArgs,
    "NodeResourcesFit": NodeResourcesFitArgs,
    "PodTopologySpread": PodTopologySpreadArgs,
    "VolumeBinding": VolumeBindingArgs,
}
"""By plugin; the args of others are their own business."""
