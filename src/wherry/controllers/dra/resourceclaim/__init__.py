"""Keeps ResourceClaims: makes those that Pods want from templates, and frees those that nobody needs any more.

`PODS` looks at Pods: their claims exist, are named in their status, and are reserved for Pods that came to a node
without the scheduler. `CLAIMS` looks at claims: who is done no longer holds one, what nobody holds is given back, and
what was made for a Pod goes with it. Read `plan.py` first.
"""
