"""Nothing is created of a kind on its way out, so that the deletion of its objects comes to an end."""

from __future__ import annotations

from wherry.apiserver import versions
from wherry.apiserver.attributes import Admission, Reader


def refuse_creation(admission: Admission, _: Reader) -> None:
    """Refuse what would be new."""
    if admission.resource.is_terminating and admission.operation == "CREATE":
        versions.refuse_terminating(admission.resource, admission.name)
