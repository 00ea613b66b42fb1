"""Publishes in `kube-system/extension-apiserver-authentication` by whom clients of the API may be vouched for.

Servers that stand behind the API server, and many that stand beside it, read there which certificates to accept.

- `plan.py`: what the ConfigMap should say, given what it says
- `controller.py`: writes it
"""
