"""The controllers of `apiextensions.k8s.io`."""
