"""Fills ClusterRoles that are made of others (`aggregationRule`): `admin`, `edit`, `view` and one's own."""
