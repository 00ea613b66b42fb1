"""What all kinds have in common: names, labels, metadata, quantities, owners, conditions, columns.

- `names.py`: which strings may name a thing, in upstream's words
- `labels.py`, `fields.py`: selectors: parse, match, format
- `quantity.py`: `500m`, `1Gi`: exact numbers with a canonical spelling
- `intorstring.py`: `25%` or `3`
- `objectmeta.py`: what holds for `metadata` of every object, when it is made and when it changes
- `owners.py`, `conditions.py`: reading and writing two lists that every controller handles
- `duration.py`, `columns.py`: how `kubectl get` shows things

All of it is pure. Kind files build upon this package; it knows no kind.
"""
