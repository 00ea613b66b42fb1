"""Wherry: a whole Kubernetes platform in Python, light enough to carry."""

__version__ = "0.1.0"
