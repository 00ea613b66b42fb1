"""This machine as a Node object.

- `machine.py`: what the machine has: processors, memory, disk, kernel, read from /proc and /sys
- `description.py`: pure: the machine, the runtime and the settings -> the Node's spec, labels and status
- `heartbeat.py`: registers the Node, keeps its status true and its Lease fresh

Conditions are facts told once they change (or every five minutes); the Lease is the sign of life that is renewed every
ten seconds. Taints that follow from conditions are the controllers' affair.
"""
