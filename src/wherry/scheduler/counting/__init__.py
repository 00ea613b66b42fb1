"""Counts over many Pods, kept up to date with each placement instead of being taken anew for each decision.

- `Term` (`terms.py`): what one Pod says of others: labels, namespaces, and the label of nodes that says what is near
- `Tally`, `Domains` (`tally.py`): how many Pods there are by the value of a label of their nodes
- `Population` (`population.py`): follows the cluster and moves the tallies that a placed Pod counts in
- `Namespaces` (`namespaces.py`): the labels of namespaces, for terms that select them

Read `population.py` first. Pods that ask the same (one `Ask`) are matched against selectors once, however many come.
"""
