"""A control plane as a value: store, watch cache, API, controllers and scheduler, without sockets or processes.

- `ControlPlane` (`plane.py`): makes and owns all of it; `open`, `handle`, `client`, `close`

Nothing is global and nothing below here exists only on Linux, so one process can hold hundreds: virtual clusters and
tests do.
"""
