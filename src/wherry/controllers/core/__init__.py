"""Controllers of core kinds: namespaces and what every one of them contains, Pods without owners, nodes."""
