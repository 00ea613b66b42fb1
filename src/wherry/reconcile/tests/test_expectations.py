from __future__ import annotations

from collections.abc import Callable, Iterable

from wherry.api.core.pod import PODS
from wherry.api.resource import Resource
from wherry.api.types.decoding import convert
from wherry.api.types.metadata import Metadata
from wherry.client import Handler, Key
from wherry.reconcile.expectations import TIMEOUT, Expectations
from wherry.testing.clock import ManualClock

A = Key("default", "a")


class Lagging:
    """An informer that shows what the test lets it show."""

    def __init__(self) -> None:
        self.shown: dict[Key, Metadata] = {}

    @property
    def resource(self) -> Resource:
        return PODS

    async def wait_synced(self) -> None: ...

    def get(self, key: Key) -> Metadata | None:
        return self.shown.get(key)

    def list(self, namespace: str = "") -> Iterable[Metadata]:
        return self.shown.values()

    def add_index(self, name: str, keys: Callable[[Metadata], Iterable[str]]) -> None: ...

    def by_index(self, name: str, key: str) -> Iterable[Metadata]:
        return ()

    def add_handler(self, handler: Handler[Metadata]) -> None: ...


def metadata(uid: str, **more: str) -> Metadata:
    return convert(Metadata, {"metadata": {"namespace": "default", "name": "a", "uid": uid, **more}})


def test_a_creation_is_expected_until_it_is_shown() -> None:
    informer = Lagging()
    expected: Expectations[str] = Expectations(informer, ManualClock())
    expected.created("owner", A, "u1")
    assert not expected.is_satisfied("owner")
    assert expected.is_satisfied("another")
    informer.shown[A] = metadata("u1")
    assert expected.is_satisfied("owner")


def test_what_the_informer_shows_already_is_not_waited_for() -> None:
    informer = Lagging()
    informer.shown[A] = metadata("u1")
    expected: Expectations[str] = Expectations(informer, ManualClock())
    expected.created("owner", A, "u1")
    assert expected.is_satisfied("owner")


def test_a_deletion_is_expected_until_the_object_is_gone_or_going() -> None:
    informer = Lagging()
    informer.shown[A] = metadata("u1")
    expected: Expectations[str] = Expectations(informer, ManualClock())
    expected.deleted("owner", A, "u1")
    assert not expected.is_satisfied("owner")
    informer.shown[A] = metadata("u1", deletionTimestamp="2026-01-01T00:00:00Z")
    assert expected.is_satisfied("owner")
    expected.deleted("owner", A, "u0")
    assert expected.is_satisfied("owner")


async def test_an_expectation_that_is_never_met_is_given_up() -> None:
    clock = ManualClock()
    expected: Expectations[str] = Expectations(Lagging(), clock)
    expected.created("owner", A, "u1")
    await clock.advance(TIMEOUT + 1)
    assert expected.is_satisfied("owner")
