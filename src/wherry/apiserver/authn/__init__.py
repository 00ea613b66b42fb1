"""Authentication: from a request to the `User` it comes from, or 401.

- `Authenticator` (`authenticator.py`): asks each way of proving an identity in turn; remembers what it found
- `x509.py`: a verified client certificate; CN is the name, each O a group
- `serviceaccounts.py`: signed tokens, checked against the objects they are bound to
- `tokenuses.py`: notes on Secrets with tokens when these were last used
- `bootstraptokens.py`: the short tokens with which nodes join
- `impersonation.py`: a user who may act as another

Invariant: nothing in here logs or shows a token. Anonymous requests reach health and version, nothing else.
"""
