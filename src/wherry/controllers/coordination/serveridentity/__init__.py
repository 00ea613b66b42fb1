"""Which API servers there are: each keeps a Lease in `kube-system`, and removes those of servers that are no more.

- `plan.py`: what the Lease of a server is called and says, and when it is over
- `publisher.py`: keeps this server's; `collector.py`: removes others' when they are over
"""
