"""A property that is worked out when it is first asked for, and kept: `functools.cached_property` without its lock.

Until Python 3.12 that lock is one for all objects of a class: a thread that compiles one large schema would make
everybody wait who asks for the same part of another. Here two threads may work out the same value at once, and the last
one's is kept; so it is for values that may be made twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class once(Generic[T]):  # noqa: N801 - a decorator
    """Decorates a method without arguments. The class must have a `__dict__`."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, owner: None, kind: type) -> once[T]: ...

    @overload
    def __get__(self, owner: object, kind: type) -> T: ...

    def __get__(self, owner: object | None, kind: type) -> once[T] | T:
        if owner is None:
            return self
        value = owner.__dict__[self._name] = self._make(owner)
        return value
