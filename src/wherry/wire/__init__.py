"""Bytes to messages and back, without sockets, clocks or an event loop.

- `RequestReader` (`http.py`): the server's side of HTTP/1.1: bytes in, whole requests out
- `ResponseReader` (`httpclient.py`): the client's side: heads, pieces of bodies, ends
- `httphead.py`: how heads and chunks are written
- `websocket.py`: the server's side of WebSocket: the handshake, frames both ways
- `oci.py`, `elf.py`: container images and the smallest executable

Everything here can be tried with plain byte strings; who owns a socket stands in `wherry.transport`.
"""
