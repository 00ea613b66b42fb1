"""What becomes of claims once they are bound.

- `protection.py`: a claim in use stays (the finalizer `pvc-protection`)
- `expansion.py`: a claim that is to grow waits for its driver's resizer

Binding is in `controllers/core/persistentvolume/`.
"""
