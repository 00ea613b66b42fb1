"""HTTP and TLS on sockets: the server that the API server and the kubelet share, and the client's connections.

- `Request`, `Response`, `Stream`, `Takeover` (`messages.py`): what a handler gets and what it may answer
- `Server` (`server.py`): listens, parses, times out, answers; knows nothing of Kubernetes
- `Connector` (`connect.py`): the client's side: kept connections, streaming bodies, upgrades
- `relay` (`relay.py`): two raw connections joined; requests and upgrades sent on to another server
- `server_context`, `client_context`, `load_certificate` (`tls.py`): TLS, and renewing a certificate while running

Read `messages.py` first, then `connection.py`, the heart of the server. Parsing and framing are pure and stand in
`wherry.wire`.
"""
