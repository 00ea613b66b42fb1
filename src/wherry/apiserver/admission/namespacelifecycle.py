"""Nothing is created where there is no namespace, or where it is going away; some namespaces never go."""

from __future__ import annotations

from wherry.api.core.namespace import NAMESPACES
from wherry.api.errors import NotFound
from wherry.apiserver.admission.refusing import forbidden
from wherry.apiserver.attributes import Admission, Reader

_IMMORTAL = frozenset({"default", "kube-system", "kube-public"})
_MARK = b'"deletionTimestamp":'


def namespace_lifecycle(admission: Admission, reader: Reader) -> None:
    if admission.resource is NAMESPACES:
        if admission.operation == "DELETE" and admission.name in _IMMORTAL:
            raise forbidden(admission, "this namespace may not be deleted")
        return
    namespace = admission.namespace
    if not namespace or admission.operation == "DELETE" or not admission.resource.stored:
        return
    item = reader.get(NAMESPACES, "", namespace)
    if item is None:
        raise NotFound.of(NAMESPACES, namespace)
    if admission.operation == "CREATE" and _MARK in item.data and item.decode()["metadata"].get("deletionTimestamp"):
        cause = {
            "reason": "NamespaceTerminating",
            "message": f"namespace {namespace} is being terminated",
            "field": "metadata.namespace",
        }
        why = f"unable to create new content in namespace {namespace} because it is being terminated"
        raise forbidden(admission, why, [cause])
