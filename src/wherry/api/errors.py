"""API errors mirror Kubernetes' `Status`: one class per reason, the same raised in process and over HTTP.

    ApiError
    ├── BadRequest 400          ├── Conflict 409              ├── UnsupportedMediaType 415
    ├── Unauthorized 401        ├── AlreadyExists 409         ├── Invalid 422
    ├── Forbidden 403           ├── Gone 410                  ├── TooManyRequests 429
    ├── NotFound 404            ├── Expired 410               ├── InternalError 500
    ├── MethodNotAllowed 405    ├── RequestEntityTooLarge 413 ├── ServiceUnavailable 503
    └── NotAcceptable 406       └── ServerTimeout 500 / Timeout 504

The key is the *reason*, not the code: 409 is both `Conflict` and `AlreadyExists`. An error is made from its arguments,
carries its `Status`, and `from_status` rebuilds it on the other side of a connection. Messages follow
`k8s.io/apimachinery/pkg/api/errors`, since kubectl prints and tools parse them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Protocol

from wherry.api import Obj
from wherry.api.field import ErrorType, FieldError, invalid


class Named(Protocol):
    """What an error needs to know of a resource; a `Resource` is one."""

    @property
    def group(self) -> str: ...
    @property
    def plural(self) -> str: ...
    @property
    def kind(self) -> str: ...


class ApiError(Exception):
    """A failed API request. `status` is the whole `Status` object that the client sees."""

    code: ClassVar[int] = 500
    reason: ClassVar[str] = ""

    def __init__(self, message: str, details: Obj | None = None, *, code: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.http_code = code or self.code

    @property
    def status(self) -> Obj:
        status: Obj = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            status["reason"] = self.reason
        if self.details:
            status["details"] = self.details
        status["code"] = self.http_code
        return status


class BadRequest(ApiError):
    code = 400
    reason = "BadRequest"


class Unauthorized(ApiError):
    code = 401
    reason = "Unauthorized"

    def __init__(self, message: str = "Unauthorized", details: Obj | None = None, *, code: int | None = None) -> None:
        super().__init__(message, details, code=code)


class Forbidden(ApiError):
    code = 403
    reason = "Forbidden"

    @classmethod
    def of(cls, resource: Named, name: str, why: str) -> Forbidden:
        """Admission or authorization refused an action on a named object."""
        subject = f'{_qualified(resource)} "{name}"' if name else _qualified(resource)
        return cls(f"{subject} is forbidden: {why}", _details(resource.group, resource.plural, name))


class NotFound(ApiError):
    code = 404
    reason = "NotFound"

    @classmethod
    def of(cls, resource: Named, name: str) -> NotFound:
        return cls(f'{_qualified(resource)} "{name}" not found', _details(resource.group, resource.plural, name))


class MethodNotAllowed(ApiError):
    code = 405
    reason = "MethodNotAllowed"


class NotAcceptable(ApiError):
    code = 406
    reason = "NotAcceptable"


class Conflict(ApiError):
    code = 409
    reason = "Conflict"

    @classmethod
    def of(cls, resource: Named, name: str, why: str) -> Conflict:
        return cls(
            f'Operation cannot be fulfilled on {_qualified(resource)} "{name}": {why}',
            _details(resource.group, resource.plural, name),
        )

    @classmethod
    def modified(cls, resource: Named, name: str) -> Conflict:
        """The writer's copy is older than the stored object."""
        return cls.of(
            resource,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )


class AlreadyExists(ApiError):
    code = 409
    reason = "AlreadyExists"

    @classmethod
    def of(cls, resource: Named, name: str) -> AlreadyExists:
        return cls(f'{_qualified(resource)} "{name}" already exists', _details(resource.group, resource.plural, name))


class Gone(ApiError):
    code = 410
    reason = "Gone"


class Expired(ApiError):
    """The requested revision or continue token is older than the history that is kept."""

    code = 410
    reason = "Expired"


class RequestEntityTooLarge(ApiError):
    code = 413
    reason = "RequestEntityTooLarge"


class UnsupportedMediaType(ApiError):
    code = 415
    reason = "UnsupportedMediaType"


MOST_CAUSES = 10_000
"""So many faults of one object are told; upstream tells them all, whatever the size of its answer."""


class Invalid(ApiError):
    code = 422
    reason = "Invalid"

    @classmethod
    def of(cls, resource: Named, name: str, faults: Sequence[FieldError]) -> Invalid:
        return cls._of(resource.group, resource.kind, name, faults)

    @classmethod
    def without_revision(cls, resource: Named, name: str) -> Invalid:
        """An update that has to say what it was made from. Upstream names the resource, where others name the kind."""
        return cls._of(resource.group, resource.plural, name, [_UNVERSIONED])

    @classmethod
    def _of(cls, group: str, kind: str, name: str, faults: Sequence[FieldError]) -> Invalid:
        qualified = f"{kind}.{group}" if group else kind
        more = f", and {len(faults) - MOST_CAUSES} more" if len(faults) > MOST_CAUSES else ""
        faults = faults[:MOST_CAUSES]
        message = f'{qualified} "{name}" is invalid: {aggregate(faults)}{more}'
        details = _details(group, kind, name)
        details["causes"] = [{"reason": f.type.value, "message": f.body, "field": f.path} for f in faults]
        return cls(message, details)

    @classmethod
    def of_patch(cls, patched: str, why: str) -> Invalid:
        """A patch that makes something that is no object of the kind. Upstream names neither kind nor object here."""
        fault = invalid("patch", patched, why)
        details: Obj = {"causes": [{"reason": fault.type.value, "message": fault.body, "field": fault.path}]}
        return cls(f' "" is invalid: {fault}', details)


class _NoRevision(FieldError, frozen=True):
    """A missing resourceVersion; upstream shows the zero as Go prints an unsigned number."""

    @property
    def body(self) -> str:
        return f"{self.type.label}: 0x0: {self.detail}"


_UNVERSIONED = _NoRevision(ErrorType.INVALID, "metadata.resourceVersion", "must be specified for an update", 0)


class TooManyRequests(ApiError):
    code = 429
    reason = "TooManyRequests"

    @classmethod
    def retry_after(cls, message: str, seconds: int, details: Obj | None = None) -> TooManyRequests:
        return cls(message, {**(details or {}), "retryAfterSeconds": seconds})


class InternalError(ApiError):
    code = 500
    reason = "InternalError"

    @classmethod
    def of(cls, why: str) -> InternalError:
        return cls(f"Internal error occurred: {why}", {"causes": [{"message": why}]})


class ServerTimeout(ApiError):
    """The server cannot do this now (no free name, say); the client should try again."""

    code = 500
    reason = "ServerTimeout"


class ServiceUnavailable(ApiError):
    code = 503
    reason = "ServiceUnavailable"


class Timeout(ApiError):
    code = 504
    reason = "Timeout"


def from_status(status: Obj, http_code: int = 500) -> ApiError:
    """The error that a `Status` object received over HTTP stands for."""
    kind = _BY_REASON.get(status.get("reason") or "", ApiError)
    error = kind.__new__(kind)
    ApiError.__init__(error, status.get("message") or "", status.get("details"), code=status.get("code") or http_code)
    return error


def aggregate(faults: Iterable[FieldError]) -> str:
    """Join faults as Go's `utilerrors.Aggregate` prints them: bare when alone, bracketed when many, each text once."""
    texts = list(dict.fromkeys(str(fault) for fault in faults))
    return texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"


def _qualified(resource: Named) -> str:
    return f"{resource.plural}.{resource.group}" if resource.group else resource.plural


def _details(group: str, kind: str, name: str) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if name:
        details["name"] = name
    if group:
        details["group"] = group
    details["kind"] = kind
    return details


def _by_reason() -> dict[str, type[ApiError]]:
    table: dict[str, type[ApiError]] = {}
    for kind in ApiError.__subclasses__():
        if kind.reason in table:
            raise TypeError(f"{kind.__name__} and {table[kind.reason].__name__} share the reason {kind.reason}")
        table[kind.reason] = kind
    return table


_BY_REASON = _by_reason()
