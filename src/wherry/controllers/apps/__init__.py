"""Workload controllers: Deployment, ReplicaSet, DaemonSet."""
