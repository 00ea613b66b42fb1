"""Pods that run on a clock by rules: for tests, for scale, and to try a platform without a container runtime.

- `SimulatedNodes` (`nodes.py`): any number of nodes in one process, and what can befall them; start here
- `NodeSpec` (`nodespec.py`): what a node is like
- `Behaviour`, `ContainerBehaviour` (`behaviour.py`): how a Pod fares; `annotations.py` reads it off a Pod
- `Life` (`life.py`): one Pod's life on a node: pure steps from one moment to the next, by the kubelet's own plan
- `Door` (`door.py`): who is let in, by the kubelet's own judgement
- `SimulatedProvider` (`provider.py`): the six methods over all lives
- `simulated_streams` (`streams.py`): their logs; `simulated_metrics` (`usage.py`): what they use, for autoscalers
- `Provisioner` (`volumes.py`): volumes out of nothing, for claims of the class `standard`

Nothing is stored here: what a Pod has lived through stands in its status, and whoever starts again goes on from there.
"""
