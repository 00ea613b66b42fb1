"""Admission: the last word on a write, after authorization and before it is stored.

- `chain.py`: the two visible lists, those that change and those that only refuse, and which kinds each looks at
- one file per plug-in, named as upstream's: a function of (`Admission`, `Reader`) that changes `obj` in place or raises
- `refusing.py`: how a refusal is made

Read `chain.py`. Plug-ins look at stored objects through the watch cache, at once, and never write. A plug-in that adds
fields adds them with their defaults, because defaulting has already run. Not here yet: webhooks, further
entries of the lists. ResourceQuotas are held elsewhere (`apiserver/quota`): what they allow depends on the writes of
others.
"""
