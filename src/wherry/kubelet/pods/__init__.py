"""The pods of this node: from a Pod object to running containers and back to its status.

- `plan.py`: pure: a pod, what the runtime holds of it and the time -> what to do now (upstream: computePodActions)
- `worker.py`: one per pod; carries plans out, one call at a time, until the pod is gone
- `manager.py`: hears of pods from the API and of containers from the runtime, and wakes the workers; adopts and cleans
  up
- `status.py`: pure: the same snapshot -> the PodStatus that users see; `writer.py` sends it
- `sandboxes.py`, `containers.py`: pure: a pod -> the runtime's configurations, with `env.py`, `security.py`,
  `resources.py`
- `admission.py`: pure: who may run here beside those in `room.py`; `preempting.py`: who ends for a critical one
- `images.py`: pull policy, pull secrets, back-off; `hooks.py`: postStart and preStop

A restarted agent knows nothing but what the API and the runtime tell it, and that is enough: restart counts, names and
specification hashes travel on the containers themselves, as labels and annotations with upstream's names.
"""
