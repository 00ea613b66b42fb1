"""Nothing is created of a kind on its way out, so that the deletion of its objects comes to an end."""

from __future__ import annotations

from wherry.api.errors import Forbidden
from wherry.apiserver.attributes import Admission, Reader


def refuse_creation(admission: Admission, _: Reader) -> None:
    """Refuse what would be new."""
    if admission.resource.is_terminating and admission.operation == "CREATE":
        why = "create not allowed while custom resource definition is terminating"
        raise Forbidden.of(admission.resource, admission.name, why)
