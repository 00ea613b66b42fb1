"""The kinds whose changes may help Pods that wait for devices."""

from __future__ import annotations

from wherry.api.dra.deviceclass import DEVICECLASSES
from wherry.api.dra.devicetaintrule import DEVICETAINTRULES
from wherry.api.dra.resourceclaim import RESOURCECLAIMS
from wherry.api.dra.resourceslice import RESOURCESLICES
from wherry.api.types.resource_v1 import DeviceClass, DeviceTaintRule, ResourceClaim, ResourceSlice
from wherry.scheduler.rules import Source

CLAIM = Source("ResourceClaim", RESOURCECLAIMS, ResourceClaim)
CLASS = Source("DeviceClass", DEVICECLASSES, DeviceClass)
SLICE = Source("ResourceSlice", RESOURCESLICES, ResourceSlice)
RULE = Source("DeviceTaintRule", DEVICETAINTRULES, DeviceTaintRule)
