"""The group `storage.k8s.io`: classes of volumes and the drivers behind them."""
