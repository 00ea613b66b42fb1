"""What a Service may say: which fields its type has a use for, what is filled in, what is refused.

- `needs.py`: which of the fields that are given out (addresses, node ports) a Service has a use for
- `defaults.py`: what upstream fills in, and what it takes away when the type changes
- `families.py`: which address families a Service is to have, on a cluster that has these or those
- `validate.py`, `addresses.py`: the rules for new states; `update.py`: the rules for changes

Addresses and ports themselves are given out by the API server (`apiserver/allocation`), between admission and
validation; here is what can be said without knowing who has which. Read `needs.py` first.
"""
