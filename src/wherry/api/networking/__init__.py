"""The group `networking.k8s.io`: ways in, and who may talk to whom."""
