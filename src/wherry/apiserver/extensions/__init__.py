"""Custom kinds: from a stored CustomResourceDefinition to resources that are served like any other.

- `Definitions` (`definitions.py`): follows the definitions and keeps the registry true, before a writer is answered
- `kinds.py`: a definition's versions as resources that know how they are kept, and how one becomes another
- `review.py`: what a conversion webhook is asked, and whether its answer can be believed
- `webhook.py`: a `Converter` that asks a webhook
- `terminating.py`: an admission plug-in that lets nothing be created of a kind on its way out

A definition is served as its status says: which names it has, and that it is established, is decided by a controller
(`controllers/apiextensions`). Read `definitions.py` first.
"""
