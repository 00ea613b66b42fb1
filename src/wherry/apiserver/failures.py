"""What a store can answer becomes an API error, in this one place."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.errors import AlreadyExists, ApiError, Conflict, Expired, ServiceUnavailable, Timeout
from wherry.api.resource import Resource
from wherry.store import Compacted, KeyExists, Revision, StoreError, StoreUnavailable, WrongRevision


def of_store(error: StoreError, resource: Resource, name: str) -> ApiError:
    """The API's word for a store's refusal."""
    match error:
        case KeyExists():
            return AlreadyExists.of(resource, name)
        case WrongRevision():
            return Conflict.modified(resource, name)
        case Compacted():
            return Expired("The resourceVersion for the provided list is too old.")
        case StoreUnavailable():
            return ServiceUnavailable(f"the store is unavailable: {error}")
        case _:
            return ApiError(str(error))


def too_large_version(asked: int, current: Revision) -> Timeout:
    """A revision from the future: of another control plane, or of a store that lost its memory."""
    details = {
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    }
    return Timeout(f"Too large resource version: {asked}, current: {current}", details)


def too_old_version(asked: int, oldest: int) -> Expired:
    return Expired(f"too old resource version: {asked} ({oldest})")


class ContinueExpired(Expired):
    """A page of a list can no longer be given as it was; the status offers a token that goes on regardless."""

    def __init__(self, token: str) -> None:
        super().__init__(
            "The provided continue parameter is too old to display a consistent list result. You can start a new list "
            "without the continue parameter, or use the continue token in this response to retrieve the remainder of "
            "the results. Continuing with the provided token results in an inconsistent list - objects that were "
            "created, modified, or deleted between the time the first chunk was returned and now may show up in the "
            "list."
        )
        self._token = token

    @property
    def status(self) -> Obj:
        status = super().status
        status["metadata"] = {"continue": self._token}
        return status
