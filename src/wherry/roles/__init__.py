"""Composition roots: one file per role puts the parts together and hands each what it needs.

- `paths.py`, `settings.py`: where everything of a cluster is kept on this machine, and what can be set
- `server.py`: `wherry server`, the control plane behind TLS
- `agent.py`: `wherry agent`, a node; who it is comes from `nodeidentity.py`, far from the server from `joined.py`
- `up.py`: `wherry up` and `wherry down`: both in the background under `supervisor.py`
- `preflight.py`: what a machine must offer, each lack told with its cure

Read `server.py` first. Wiring only: no behaviour of Kubernetes stands here.
"""
