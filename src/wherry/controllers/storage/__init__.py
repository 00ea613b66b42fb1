"""Controllers of the kinds of storage.k8s.io: attaching volumes to nodes, keeping classes that are in use."""
