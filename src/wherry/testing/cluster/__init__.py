"""`wherry.testing.Cluster`: a whole Kubernetes control plane in a test, in milliseconds.

- `Core` (`core.py`): owns control plane, nodes, clock and server of one cluster; coroutines on a loop that settles
- `Cluster` (`sync.py`), `AsyncCluster` (`awaitable.py`): the faces that tests see; they only hand calls over
- `Api`, `AsyncApi` (`client.py`): a client by the names of kinds, without resources, sockets or generated classes
- `Options`, `Snapshot` (`options.py`): what a cluster is made of, and what a later one can begin with
- `Serving` (`serving.py`): TLS on the loopback interface, begun when somebody first asks for a kubeconfig
- `remote/`: clock, snapshots, nodes, faults and history over HTTP, for tests in other languages

Read `core.py` first. Names of kinds are understood in `kinds.py`, manifests read in `manifests.py`, and what can be
waited for is told apart in `goals.py`. Nothing here needs Linux, root, containers or uvloop.
"""
