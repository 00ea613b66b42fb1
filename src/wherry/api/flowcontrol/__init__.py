"""The group `flowcontrol.apiserver.k8s.io`: sharing the server fairly."""
