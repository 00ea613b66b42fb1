"""The group `autoscaling`: how many replicas; `scale.py` is the view that all workloads share."""
