"""Collects Pods nobody else will: their node is gone, they never had one, or far too many have finished."""
