"""The group `apiregistration.k8s.io`: groups that other servers answer for."""
