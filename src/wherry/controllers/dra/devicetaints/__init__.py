"""Evicts Pods whose devices have a NoExecute taint that they do not tolerate, and tells of each rule how far that is.

Taints come from drivers, in ResourceSlices, and from administrators, as DeviceTaintRules. Read `plan.py` first.
"""
