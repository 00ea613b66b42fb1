"""Who is who: keys, certificates, tokens and the files in which clients keep them.

- `Pki` (`pki.py`): the folder of keys and certificates made at the first start; knows what is due for renewal
- `CertificateInfo` (`der.py`): what a certificate says, read without a cryptography library
- `Kubeconfig` (`kubeconfig.py`): how a client finds the API and proves who it is; merged into the user's own file
- `jwt.py`: signed tokens; `tokens.py`: what service-account and bootstrap tokens claim
- `legacytokens.py`: how it is noted who uses tokens that stand in Secrets
- `signing.py`: which certificate signing requests may be signed, and for how long; `joining.py`: the node that asks

Read `pki.py` first. This part knows no API objects beyond plain JSON and serves no requests: `apiserver/authn` decides
who a request is from, `apiserver/authz` what they may do. Invariants: private keys are 0600 in a folder of 0700 and
never stand in a `repr` or a message; every file appears whole or not at all, so a kill at any step costs nothing.
"""
