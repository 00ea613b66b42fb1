"""The group `apiextensions.k8s.io`: kinds added at run time."""
