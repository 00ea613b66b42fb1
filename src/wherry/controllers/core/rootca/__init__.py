"""Publishes the cluster's CA to every namespace as the ConfigMap `kube-root-ca.crt`, for Pods to trust the API by."""
