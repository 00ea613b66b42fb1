"""The pod network: how a pod gets its address, and how it reaches the rest of the world.

- `cni.py`: the CNI configuration of this node, written from its pod CIDR; plug-ins do the work when the runtime calls
  them

A pod's address is handed out by the node's own plug-ins (bridge, host-local, portmap); several nodes are joined by
routes or a tunnel, which is another module's task, as are Services (`wherry.proxy`) and policies.
"""
