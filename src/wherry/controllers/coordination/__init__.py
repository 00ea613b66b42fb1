"""Leases: by which servers show that they are there."""
