"""A claim that names no storage class gets the default one."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.storage.storageclass import STORAGECLASSES
from wherry.apiserver.attributes import Admission, Reader

_DEFAULT = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
_OLD_CLASS = "volume.beta.kubernetes.io/storage-class"


def default_storage_class(admission: Admission, reader: Reader) -> None:
    claim = admission.obj
    if admission.operation != "CREATE" or admission.subresource or claim is None:
        return
    spec = claim["spec"]
    if spec.get("storageClassName") is not None or _OLD_CLASS in (claim["metadata"].get("annotations") or {}):
        return
    defaults = [obj for item in reader.list(STORAGECLASSES) if _is_default(obj := item.decode())]
    if defaults:
        spec["storageClassName"] = _newest(defaults)["metadata"]["name"]


def _is_default(storage_class: Obj) -> bool:
    annotations = storage_class["metadata"].get("annotations") or {}
    return any(annotations.get(key) == "true" for key in _DEFAULT)


def _newest(classes: list[Obj]) -> Obj:
    """The most recently created; of those of one second, the first by name."""
    newest = max(obj["metadata"].get("creationTimestamp", "") for obj in classes)
    latest = [obj for obj in classes if obj["metadata"].get("creationTimestamp", "") == newest]
    return min(latest, key=lambda obj: str(obj["metadata"]["name"]))
