"""A claim grows only if whoever made its volume can make it larger."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.meta.quantity import parse_quantity
from wherry.api.storage.storageclass import STORAGECLASSES
from wherry.apiserver.admission.refusing import forbidden
from wherry.apiserver.attributes import Admission, Reader


def claim_resize(admission: Admission, reader: Reader) -> None:
    new, old = admission.obj, admission.old
    if admission.operation != "UPDATE" or admission.subresource or new is None or old is None:
        return
    before, after = _storage(old), _storage(new)
    if before is None or after is None or parse_quantity(after) <= parse_quantity(before):
        return
    if (old.get("status") or {}).get("phase") != "Bound":
        raise forbidden(admission, "Only bound persistent volume claims can be expanded")
    name = new["spec"].get("storageClassName")
    item = reader.get(STORAGECLASSES, "", name) if name else None
    if item is None or not item.decode().get("allowVolumeExpansion"):
        why = "and the storageclass that provisions the pvc must support resize"
        raise forbidden(admission, f"only dynamically provisioned pvc can be resized {why}")


def _storage(claim: Obj) -> str | None:
    amount: str | None = ((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage")
    return amount
