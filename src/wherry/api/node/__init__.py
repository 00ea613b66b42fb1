"""The group `node.k8s.io`: ways to run a container."""
