"""Makes a Job each time the schedule of a CronJob matches.

1. `history.py`: which Jobs have ended since the last look, which are missing, which are too many to be kept
2. `timing.py`: the latest time that is due, how many were missed, when to look again
3. `plan.py`: whether a Job is to be made now, and what stands in the way
4. `controller.py`: creates and deletes Jobs, writes the status

Read `plan.py` first. A Job's name is made of the minute it was due in, so no minute can have two.
"""
