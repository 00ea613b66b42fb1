"""The one reconcile loop: a queue of keys, workers, back-off, events and metrics.

- `Controller` (`controller.py`): a declaration of what is read and written, and a function of a key
- `Queue` (`queue.py`): each key once however often it was added; delays; back-off per key
- `Loops` (`loop.py`): all loops of one control plane: informers feed queues, queues wake workers
- `Recorder` (`events.py`): Kubernetes Events, correlated (`correlate.py`) and rate-limited
- `acting` (`acting.py`): which controller is at work, for who wants to know who wrote
- `Expectations` (`expectations.py`): writes that the informer has not shown yet

Read `controller.py` first, then `loop.py`. A controller is level-triggered: it gets a key, looks at what is, and makes
it what is wanted. Leader election is not in here: whoever holds the lease calls `Loops.start`, whoever loses it `stop`.
"""
