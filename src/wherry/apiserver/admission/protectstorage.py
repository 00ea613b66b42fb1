"""What holds data, or says how data are held, does not vanish while it is in use: it gets a finalizer from the start.

Upstream calls the plug-in StorageObjectInUseProtection. Controllers take the finalizers off once nobody uses the
object.
"""

from __future__ import annotations

from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.storage.volumeattributesclass import VOLUMEATTRIBUTESCLASSES
from wherry.apiserver.attributes import Admission, Reader

_FINALIZERS = {
    PERSISTENTVOLUMES: "kubernetes.io/pv-protection",
    PERSISTENTVOLUMECLAIMS: "kubernetes.io/pvc-protection",
    VOLUMEATTRIBUTESCLASSES: "kubernetes.io/vac-protection",
}


def protect_storage(admission: Admission, _: Reader) -> None:
    if admission.operation != "CREATE" or admission.subresource or admission.obj is None:
        return
    finalizers = admission.obj["metadata"].setdefault("finalizers", [])
    if (name := _FINALIZERS[admission.resource]) not in finalizers:
        finalizers.append(name)
