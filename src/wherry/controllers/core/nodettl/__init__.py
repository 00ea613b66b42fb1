"""Tells kubelets by an annotation for how long they may keep Secrets and ConfigMaps before they ask again."""
