"""Secrets of type `kubernetes.io/service-account-token`: tokens without an end, for those who still ask for one.

- `controller.py`: fills the Secret in, and takes it away with its service account
"""
