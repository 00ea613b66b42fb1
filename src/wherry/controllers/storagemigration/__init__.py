"""The controllers of `storagemigration.k8s.io`."""
