"""Controllers of the RBAC group."""
