"""What nodes need from the control plane.

- `health.py`, `lifecycle.py`: a node that no longer reports becomes Unknown, and its conditions become taints
- `eviction.py`: Pods that do not tolerate a NoExecute taint are deleted, at once or when their time is up
- `ipam.py`: each node gets its part of the Pods' addresses
"""
