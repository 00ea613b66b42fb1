"""Answers that several subresources give."""

from __future__ import annotations

from wherry.api import Obj
from wherry.apiserver.core import Outcome
from wherry.apiserver.encode import encode_any


def success(code: int = 201) -> Outcome:
    """Done; there is no object to show."""
    status: Obj = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": code}
    return Outcome(encode_any(status), status, code)
