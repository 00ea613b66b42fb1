"""Keeps claims while Pods use them: `protection.py`, the controller behind the finalizer `pvc-protection`."""
