"""The core group, `v1`: pods, nodes, services, settings, storage.

Read `configmap.py` first; `pod.py` is the largest.
"""
