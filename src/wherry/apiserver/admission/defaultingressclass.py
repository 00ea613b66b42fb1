"""An Ingress that names no class gets the default one."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.networking.ingressclass import INGRESSCLASSES
from wherry.apiserver.attributes import Admission, Reader

_DEFAULT = "ingressclass.kubernetes.io/is-default-class"
_OLD_CLASS = "kubernetes.io/ingress.class"


def default_ingress_class(admission: Admission, reader: Reader) -> None:
    ingress = admission.obj
    if admission.operation != "CREATE" or admission.subresource or ingress is None:
        return
    spec = ingress.setdefault("spec", {})
    if spec.get("ingressClassName") is not None or _OLD_CLASS in (ingress["metadata"].get("annotations") or {}):
        return
    defaults = [obj for item in reader.list(INGRESSCLASSES) if _is_default(obj := item.decode())]
    if defaults:
        spec["ingressClassName"] = _newest(defaults)


def _is_default(ingress_class: Obj) -> bool:
    return (ingress_class["metadata"].get("annotations") or {}).get(_DEFAULT) == "true"


def _newest(classes: list[Obj]) -> str:
    """The most recently created; of those of one second, the first by name."""
    made = {str(obj["metadata"]["name"]): obj["metadata"].get("creationTimestamp", "") for obj in classes}
    newest = max(made.values())
    return min(name for name, time in made.items() if time == newest)
