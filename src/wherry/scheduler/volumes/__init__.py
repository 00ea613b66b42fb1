"""Volumes as the scheduler sees them: what Pods claim, what could be bound or made for them where, what is promised.

- `Inventory` (`inventory.py`): claims, volumes, classes and drivers as they are, and what decisions have promised
- `Finder` (`finding.py`): can this node have the Pod's claims? Pure
- `VolumeHold` (`holding.py`): writes what was promised before the Pod is bound, and waits until all is bound
- `Attached` (`attached.py`): which volumes each node has, and how many it can have
- `migration.py`: the volumes of drivers that were once built in, as their successors know them
- `ClaimUse` (`use.py`): how many placed Pods use a claim
- `sources.py`: the kinds whose changes may help a Pod that waits

The rules themselves are plug-ins: `scheduler/plugins/volumebinding.py`, `scheduler/plugins/volumezone.py`,
`scheduler/plugins/nodevolumelimits.py`, `scheduler/plugins/volumerestrictions.py`.
"""
