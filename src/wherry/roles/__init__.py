"""Composition roots: one file per role puts the parts together and hands each what it needs.

- `paths.py`: where everything of a cluster is kept on this machine
- `server.py`: `wherry server`, the control plane behind TLS
- `agent.py`: `wherry agent`, a node
- `up.py`, `down.py`: both in the background under `supervisor.py`

Wiring only: no behaviour of Kubernetes stands here.
"""
