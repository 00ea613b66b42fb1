"""The scheduler's plugins, and which of them the default profile has: in upstream's order, with upstream's weights."""

from __future__ import annotations

from collections.abc import Mapping

from wherry.scheduler.plugins import (
    defaultbinder,
    defaultpreemption,
    dynamicresources,
    interpodaffinity,
    nodeaffinity,
    noderesources,
    nodevolumelimits,
    podtopologyspread,
    resourcescores,
    tainttoleration,
    volumebinding,
    volumerestrictions,
    volumezone,
)
from wherry.scheduler.plugins.imagelocality import IMAGE_LOCALITY
from wherry.scheduler.plugins.nodedeclaredfeatures import NODE_DECLARED_FEATURES
from wherry.scheduler.plugins.nodename import NODE_NAME
from wherry.scheduler.plugins.nodeports import NODE_PORTS
from wherry.scheduler.plugins.nodeunschedulable import NODE_UNSCHEDULABLE
from wherry.scheduler.plugins.prioritysort import PRIORITY_SORT
from wherry.scheduler.plugins.schedulinggates import SCHEDULING_GATES
from wherry.scheduler.rules import Make, constant

PLUGINS: Mapping[str, Make] = {
    "SchedulingGates": constant(SCHEDULING_GATES),
    "PrioritySort": constant(PRIORITY_SORT),
    "NodeUnschedulable": constant(NODE_UNSCHEDULABLE),
    "NodeName": constant(NODE_NAME),
    "TaintToleration": tainttoleration.make,
    "NodeAffinity": nodeaffinity.make,
    "NodePorts": constant(NODE_PORTS),
    "NodeResourcesFit": noderesources.make,
    "NodeDeclaredFeatures": constant(NODE_DECLARED_FEATURES),
    "VolumeRestrictions": volumerestrictions.make,
    "NodeVolumeLimits": nodevolumelimits.make,
    "VolumeBinding": volumebinding.make,
    "VolumeZone": volumezone.make,
    "PodTopologySpread": podtopologyspread.make,
    "InterPodAffinity": interpodaffinity.make,
    "DynamicResources": dynamicresources.make,
    "DefaultPreemption": defaultpreemption.make,
    "NodeResourcesBalancedAllocation": resourcescores.make_balanced,
    "ImageLocality": constant(IMAGE_LOCALITY),
    "DefaultBinder": defaultbinder.make,
}
"""In the order in which they are asked."""

WEIGHTS: Mapping[str, int] = {
    "TaintToleration": 3,
    "NodeAffinity": 2,
    "PodTopologySpread": 2,
    "InterPodAffinity": 2,
    "DynamicResources": 2,
}
"""Of the default profile; 1 for all others."""
