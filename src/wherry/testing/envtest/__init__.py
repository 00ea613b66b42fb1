"""A cluster as a program, for tests in other languages.

- `serve` (`serving.py`): `wherry testing serve`: a cluster on the loopback interface until its parent goes away
- `write_assets` (`assets.py`): `wherry testing assets`: what KUBEBUILDER_ASSETS has to hold for envtest
- `etcd.py`, `apiserver.py`: what stands there under the names of etcd and kube-apiserver

envtest starts an etcd, waits for its health, starts a kube-apiserver with that etcd's address, certificates of its own
making and a client authority, and waits for its health. Ours takes the certificates and needs no etcd, so the etcd only
tells that it is well. Other than upstream's, the API server brings controllers, a scheduler and, if told to, nodes.
"""
