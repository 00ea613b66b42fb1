"""What could be published on its own. Nothing here knows Kubernetes.

- `Clock` (`clock.py`): where time comes from; `systemclock.py` is the machine's own
- `Pulse`, `Watchdog` (`pulse.py`): what is done again and again, and who is alarmed when it is not
- `Tasks` (`tasks.py`): tasks that have an owner who waits for them
- `Backoff`, `Failures` (`backoff.py`): how long to wait before trying again
- `Discreet` (`discreet.py`): values whose secrets no log shows
- `Failure` (`failure.py`): what went wrong, for a person, with a hint
- `Pattern` (`regex.py`): regular expressions that take time in proportion to the text
- `quantity.py`: amounts with a suffix, `500m`, `1Gi`
- `metrics.py`, `processmetrics.py`: counters in Prometheus' text form

Pure code may import modules of this package that do no I/O; helpers that need asyncio stand in modules of their
own (`tasks.py`), so that a plan never drags an event loop in.
"""
