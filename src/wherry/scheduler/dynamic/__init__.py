"""Which devices a Pod's claims get on a node: dynamic resource allocation with structured parameters (KEP-4381).

- `Device`, `Pool` (`pools.py`): what drivers offer on a node, in the order in which it is tried
- `Wanted` (`requests.py`): one request of a claim, with its class
- `selectors.py`: expressions that say which devices do; imports the language of expressions with the first of them
- `constraints.py`: attributes that chosen devices must share, or must not
- `allocate` (`allocator.py`): the search; the first solution is taken
- `sharing.py`: what each share takes of a device that several claims may have at a time
- `results.py`: what is written into the claim
- `Readiness` (`readiness.py`): waits for devices that must be prepared before the Pod is bound
- `Inventory` (`inventory.py`): follows slices, taint rules and claims, and knows what is promised but not yet written

Read `allocator.py` first. The plugin is `scheduler/plugins/dynamicresources.py`.
"""
