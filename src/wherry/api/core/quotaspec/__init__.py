"""What ResourceQuotas count: how much one object uses, which quota it counts for, and what all of them use together.

- `amounts.py`: sums of quantities that keep the notation they came in
- `podusage.py`: what a Pod asks for; `usage.py`: what every other kind of object uses, and which kind a name means
- `scopes.py`: which Pods and claims a quota is about
- `account.py`: one quota's hard limits and what is used of them, object by object
- `books.py`: all accounts of a control plane, kept true by what they are told of changes

The API server keeps books to refuse what is too much (`apiserver/quota`), the controller to show what is used
(`controllers/core/resourcequota`): the same numbers, twice, from the same objects. Read `account.py` first.
"""
