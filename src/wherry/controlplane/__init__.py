"""A control plane as a value: store, watch cache, API, controllers and scheduler, without sockets or processes.

- `ControlPlane` (`plane.py`): makes and owns all of it; `open`, `handle`, `client`, `close`
- `Settings` (`settings.py`): what differs between a machine's, a virtual cluster's and a test's
- `Doors` (`access.py`): who is it, may they: the API's authentication and authorization, put together
- `measures.py`: what `/metrics` tells beyond the API server's own: store, work queues, scheduler

Read `plane.py` first. It listens nowhere and keeps no files: that is the business of `wherry.roles`. Nothing is global
and nothing below here exists only on Linux, so one process can hold hundreds: virtual clusters and tests do.
"""
