"""The pod network: how a pod gets its address, and how it reaches the rest of the world.

- `cni.py`: the CNI configuration of this node, written from its pod CIDR; plug-ins do the work when the runtime calls
  them
- `routes.py`: routes to other nodes' pods, and the masquerade of what leaves the cluster; `plan.py` decides them
- `host.py`: the programs by which they are made

A pod's address is handed out by the node's own plug-ins (bridge, host-local, portmap). Nodes must share a link; a
tunnel between those that do not will be another module, as will be policies; Services are no part of this at all.
Invariant: between pods addresses are never translated.
"""
