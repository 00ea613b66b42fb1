"""The Kubernetes API: from a request to a reply, and to the one write that it causes.

- `Api` (`api.py`): the whole server of one control plane as a value; `handle(request)` and `client(user)`
- `chain.py`: what every request passes: authentication, impersonation, authorization, handler, metrics
- `Core` (`core.py`): what the verbs work with: store, watch cache, clock, names, kinds, admission
- `verbs/`: get, list, watch, create, update, patch, delete, deletecollection; one file each, for every kind
- `subresources/`: what has a handler of its own (scale, binding, eviction ...), in one visible table
- `negotiate.py`, `respond.py`, `pages.py`, `watchstream.py`: the form of an answer; an object, a list, a watch in it
- `pipeline.py`: what every write goes through: decode, prune, default, admit, prepare, validate, store
- `aside.py`: the long work of large objects, in threads; `gate.py`: where tests stand before verbs and behind writes
- `allocation/`, `quota/`: what a write must be given, and what it must be allowed, before it is stored

Read `api.py`, then `routes.py` and `verbs/create.py`. Verbs know neither HTTP nor JSON text: `inprocess.py` calls the
same functions for controllers in this process. Nothing here has a branch for a kind; what differs stands in the
kind's `Resource`.
"""
