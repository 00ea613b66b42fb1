"""Attaches volumes of CSI drivers to the nodes whose Pods use them, and detaches them when none does any more.

1. `usage.py`: which volumes the Pods of a node need attached
2. `plan.py`: what to attach, what to report as attached, what to detach, and what has to wait
3. `controller.py`: a VolumeAttachment for each; the driver's own attacher does what it says

A volume is taken off the node's status before its attachment is deleted, so that no kubelet mounts what is on its way
out. One that the kubelet still has mounted is left alone: for six minutes if the node is not ready, without end if it
is, and not at all if the node is tainted as out of service.
"""
