"""The group `resource.k8s.io`, dynamic resource allocation: devices and claims to them.

The folder has its usual abbreviation because `api/resource.py` is something else.
"""
