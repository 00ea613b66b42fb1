"""What Pods and the templates of all workloads share: the defaults and rules of a pod's specification.

- `defaults.py`: what upstream fills in, for pods and for templates
- `validate.py`: the rules for a whole specification, in upstream's order; it calls the others. Read it first
- `containers.py`, with `env.py`, `mounts.py`, `probes.py`, `restarts.py`, `resources.py`: the rules for containers
- `volumes.py`, with `volumesources.py` and `projected.py`: the rules for volumes; `fieldpaths.py` is the downward API
- `scheduling.py`, `security.py`, `windows.py`, `network.py`, `resourceclaims.py`, `annotations.py`: the rest
- `context.py`: what the rules for a container have to know of the pod around it
- `template.py`: the entrance for workloads
- `update.py`, `resize.py`, `status.py`: what may still change once a pod exists, and what may be reported of it
- `sound.py`: what was judged lately and found sound, so that siblings are judged once
- `qos.py`: the quality-of-service class; `warnings.py`: what is accepted with a word

Every rule is a function `(part, path, faults)` that appends what it finds; nothing is built while nothing is wrong.
Messages and paths are upstream's, where those are odd, too: some leave an index out, some name a field otherwise.
"""
