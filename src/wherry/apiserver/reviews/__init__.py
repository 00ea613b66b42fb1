"""Questions to the API about identity and rights, and the tokens that it hands out.

- `catalog.py`: `handlers` and `paths`, the two tables that the API server takes
- `token.py`: `serviceaccounts/<name>/token`: a token for a service account, bound to a pod if asked
- `tokenreview.py`: whose token is this? and `SelfSubjectReview`: who am I?
- `access.py`: may they do this? in its four forms; `rules.py`: what may I do at all?
- `discovery.py`: how others verify our tokens (OpenID Connect discovery, JSON Web Key Set)

Nothing here is stored: a question goes in with its `spec` and comes back with its `status`.
"""
