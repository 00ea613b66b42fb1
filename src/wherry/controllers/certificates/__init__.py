"""Certificates on request: approves what nodes may have without asking a person, and signs what was approved.

- `approver.py`: a node's first client certificate (with a join token), its renewals, and its serving certificate
- `signer.py`: makes the certificates of Kubernetes' own signers
- `plan.py`: what either decides; pure
"""
