"""Secrets of type `kubernetes.io/service-account-token`: tokens without an end, for those who still ask for one.

- `controller.py`: fills the Secret in, and takes it away with its service account
- `tracking.py`: says since when the API server notes on such Secrets when they were last used
- `cleaner.py`: calls in, and a year later deletes, what nobody uses; `plan.py` decides when
"""
