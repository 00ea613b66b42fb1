"""The group `discovery.k8s.io`: the addresses behind Services."""
