"""Certificates on request: approves what nodes may have without asking a person, signs what was approved, tidies up.

- `approver.py`: a node's first client certificate (with a join token), its renewals, and its serving certificate
- `signer.py`: makes the certificates of Kubernetes' own signers
- `cleaner.py`: removes requests that are old, or whose certificate is
- `podrequestcleaner.py`: removes requests for certificates of Pods that were not answered, or were
- `servingbundle.py`: publishes the authority of the API server's own certificate for Pods to mount
- `plan.py`: what they decide; pure
"""
