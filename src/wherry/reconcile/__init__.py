"""The one reconcile loop: a queue of keys, workers, back-off, events and metrics.

- `Controller` (`controller.py`): a declaration of what is read and written, and a function of a key
- `Queue` (`queue.py`): each key once however often it was added; delays; back-off per key
- `run` (`loop.py`): feeds the queue from informers and calls the function
- `Recorder` (`events.py`): Kubernetes Events, correlated and rate-limited

A controller is level-triggered: it gets a key, looks at what is, and makes it what is wanted.
"""
