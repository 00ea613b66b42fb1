"""The certificates of a node that joined: asked for, waited for, and asked for anew long before they end.

- `asking.py`: one request, from its creation to its certificate
- `keeping.py`: `Holding`, one certificate that the node must always have, and `keep`, which sees to it

What a request says is `wherry.identity.joining`'s; who approves and signs is the control plane's affair
(`wherry.controllers.certificates`). A node beside its server needs none of this: the server writes its files.
"""
