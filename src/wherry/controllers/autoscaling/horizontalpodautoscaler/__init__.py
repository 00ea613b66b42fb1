"""Gives workloads as many replicas as their metrics ask for.

1. `metrics.py`: where figures come from, as a protocol; `apimetrics.py` asks the metrics APIs, `given.py` is told
2. `pods.py`: which Pods' figures count (the rules for missing and unready Pods)
3. `ratios.py`: from figures to a number of replicas; `proposals.py`: the same for each kind of metric, with its status
4. `behavior.py`: how fast and how soon the number may change (stabilization, policies), from what was done before
5. `plan.py`: the whole decision; `controller.py` reads scales and figures, and writes

A pass every fifteen seconds, and one when an autoscaler is new or asks for something else. What was recommended and
done before lives in memory only, as upstream's. Figures are counted in thousandths. Read `plan.py` first.
"""
