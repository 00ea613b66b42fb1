"""Bootstrap tokens: `signer.py` signs what newcomers read before they trust anybody, `cleaner.py` removes what expired.

`plan.py` reads tokens and signs. Whom a token lets in is the API server's affair.
"""
