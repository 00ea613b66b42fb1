"""The loops of the control plane: each kind's behaviour in `<group>/<kind>/`; `plan.py` decides, `controller.py` acts.

- `catalog.py`: the one visible list of all controllers
- `ownership.py`, `claiming.py`: whose child an object is; adopting orphans and letting strangers go
- `podstate.py`, `podranking.py`: what a Pod's status means to its controller, and which Pods go first
- `podcontrol.py`, `podtemplate.py`: creating and deleting Pods in numbers; what their template stands for
- `drawing.py`: what all of them declare to read and write, compared and drawn
- `scaling.py`: how many replicas any workload wants, custom ones included
- `notes.py`: the Events that a plan asks for
- `selectors.py`, `conditions.py`, `documents.py`: labels, conditions and status patches on plain objects
- `statuswrites.py`: what a controller wrote itself is no news to it

Read `apps/replicaset/` first. A plan is pure: views of what is, in; a value that says what to do, out. What is written
goes through the API client alone; nothing here knows the store. Scheduling is not here (`wherry.scheduler`).
"""
