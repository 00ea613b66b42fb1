"""KubeSchedulerConfiguration v1: the file that tells a scheduler what to do.

- `read_configuration` (`reading.py`): bytes of YAML -> `Configuration`, or all its faults in upstream's words
- `Document` (`document.py`): the file's own shape, and those of plugins' args (`shapes.py`)
- `decode`, `unknown_fields` (`strict.py`): what does not fit a shape, as upstream's decoder words it
- `validation.py`, `arguments.py`: what may not be said; of the whole, and of plugins' args
- `enabled` (`points.py`): which plugins are used where, after what is enabled and disabled
- `installed_plugins` (`installed.py`): plugins that other packages bring

Read `reading.py` first. What makes sense for a process of its own only (leader election, client connection, profiling)
is accepted and has no effect: the scheduler is part of its server.
"""
