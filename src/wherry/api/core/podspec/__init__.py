"""What Pods and the templates of all workloads share: the defaults and rules of a pod's specification.

- `defaults.py`: what upstream fills in, for pods and for templates
- `validate.py`: the rules for a whole specification; it calls the others
- `containers.py`, `probes.py`, `resources.py`, `volumes.py`, `scheduling.py`, `security.py`: the rules for its parts
- `template.py`: the entrance for workloads
- `update.py`: what may still change once a pod exists
- `qos.py`: the quality-of-service class

Every rule is a function `(part, path, faults)` that appends what it finds; nothing is built while nothing is wrong.
"""
