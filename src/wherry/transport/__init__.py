"""HTTP and TLS on sockets: the server that the API server and the kubelet share, and the client's connections.

- `Request`, `Response`, `Stream`, `Takeover` (`messages.py`): what a handler gets and what it may answer
- `Server` (`server.py`): listens, parses, times out, answers; knows nothing of Kubernetes
- `Connection` (`connect.py`): the client's side, with streaming bodies and upgrades

Parsing and framing are pure and stand in `wherry.wire`.
"""
