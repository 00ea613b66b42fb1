"""Current state and recent events of each kind; every GET, LIST and WATCH is served from here.

- `Item` (`item.py`): one object: its encoded bytes with the resourceVersion inside, and what selectors need of it
- `Event` (`window.py`): ADDED, MODIFIED or DELETED, with the item before and after
- `Batch` (`window.py`): events delivered together; its encoding is made once for all watchers without a selector
- `KindCache` (`kindcache.py`): one kind: get, list at a revision, watch from a revision
- `WatchCache` (`cache.py`): all kinds of one store; feeds them from the store's changes; makes a `KindCache` on demand

Read `window.py` and then `kindcache.py`. An object's way: `cache.py` takes a change over, `audience.py` knows whom it
concerns, `fanout.py` delivers it once the writer has been answered.

Invariants: between two turns of the event loop the cache shows one revision of everything; a watcher gets each event
after its revision once and in order; nothing is decoded to be served. A watcher that does not keep up is not waited for
here: it is handed references, and what it does with them (or `Subscription.close`) is the API server's affair.

What it deliberately does not know: JSON schemas, authorization, HTTP. Values in the store carry no resourceVersion;
`item.stamp` puts it in, in one place and without decoding.
"""
