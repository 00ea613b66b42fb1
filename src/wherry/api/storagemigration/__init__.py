"""The group `storagemigration.k8s.io`: rewriting stored objects."""
