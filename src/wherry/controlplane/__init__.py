"""A control plane as a value: store, watch cache, API, controllers and scheduler, without sockets or processes.

- `ControlPlane` (`plane.py`): makes and owns all of it; `open`, `handle`, `client`, `close`
- `measures.py`: what `/metrics` tells beyond the API server's own: store, work queues, scheduler

Nothing is global and nothing below here exists only on Linux, so one process can hold hundreds: virtual clusters and
tests do.
"""
