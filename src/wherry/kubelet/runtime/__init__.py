"""The container runtime, as far as the kubelet needs one.

- `Runtime` (`protocol.py`): what a runtime must be able to do; any CRI runtime does, and so does the fake of the tests
- `model.py`: sandboxes, containers, images and their configurations as frozen values, so that decisions need no gRPC
- `CriRuntime` (`cri.py`): the protocol over gRPC; the only module that knows CRI's messages, with `convert.py`
- `Containerd` (`containerd.py`): containerd as a child of ours, with its own configuration (`containerdconfig.py`)
- `events.py`: containerd's event stream, so that a container's end is known at once and nothing polls

Errors of gRPC become `RuntimeFailure` at the border (`protocol.py`); nothing above sees a gRPC type.
"""
