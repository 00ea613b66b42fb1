"""Kinds that are shown in another form than they are kept in: another version (HPA v1, Events), or a newer definition.

An item remembers its forms, so that a conversion is made once however many read or watch. For all other kinds these
functions hand through what is cached.

Most conversions are functions. Where a converter has to be asked (a webhook of a custom kind), functions that answer
at once raise `Unconverted` unless `ready` has seen to the items before; only such kinds ever wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from wherry.api import Obj
from wherry.api.errors import Forbidden
from wherry.api.resource import Resource, is_large
from wherry.apiserver.aside import Aside
from wherry.apiserver.encode import copy, decode, encode, with_whole_numbers
from wherry.watchcache.item import Item, unstamp
from wherry.watchcache.window import Match

_SLICE = 100
"""Forms that are made before others get their turn: a few milliseconds."""
_REVIEWED = 500
_REVIEWED_BYTES = 4 << 20
"""How many objects a converter is asked about at once, and how large they may be together."""


class Unconverted(Exception):
    """An item whose form takes a converter that nobody has waited for; `ready` mends that."""

    def __init__(self, resource: Resource, item: Item) -> None:
        super().__init__(f"{item!r} is not yet in {resource.api_version}")
        self.item = item


def form(resource: Resource, item: Item) -> Item:
    """The item as `resource` shows it."""
    if resource.from_storage is None:
        return item
    return item.form(resource.purpose) or _made(resource, item)


def read(resource: Resource, item: Item) -> Obj:
    """A fresh copy of the object as `resource` shows it."""
    return item.decode() if resource.from_storage is None else form(resource, item).decode()


def present(resource: Resource, item: Item) -> bytes:
    """The object's bytes as `resource` shows it."""
    return item.data if resource.from_storage is None else form(resource, item).data


def matching(resource: Resource, match: Match | None) -> Match | None:
    """A question about what `resource` shows, as a question about what is kept."""
    if match is None or resource.from_storage is None:
        return match
    return lambda item: match(form(resource, item))


def current(resource: Resource) -> Resource:
    """The latest definition of a kind, for those who began with an earlier one."""
    return resource if resource.lifetime is None else resource.lifetime.current or resource


def stored(resource: Resource, obj: Obj) -> bytes:
    """The bytes to be kept for an object without resourceVersion; see `converted` where there is a converter."""
    value = encode(obj if resource.to_storage is None else resource.to_storage(obj))
    return value if resource.lifetime is None else with_whole_numbers(value)


async def is_kept(resource: Resource, obj: Obj, item: Item) -> bool:
    """Whether writing `obj`, which has no resourceVersion, would leave what is kept as it is.

    It would not where that is in another version than objects are kept in now, or was written by an older schema.
    """
    value = stored(resource, obj) if resource.converter is None else await converted(resource, obj)
    before = unstamp(item.data, item.revision)
    return value == before or decode(value) == decode(before)


def refuse_terminating(resource: Resource, name: str) -> None:
    """Raise when the definition of a kind was deleted while an object of it was on its way in.

    To be called right before the write: what is ordered then is seen by whoever clears the objects away.
    """
    now = resource.lifetime.current if resource.lifetime is not None else resource
    if now is None or now.is_terminating:
        raise Forbidden.of(resource, name, "create not allowed while custom resource definition is terminating")


async def converted(resource: Resource, obj: Obj) -> bytes:
    """`stored`, for kinds with a converter."""
    if resource.converter is None or resource.storage is None or resource.to_storage is None:
        return stored(resource, obj)
    [kept] = await resource.converter.convert([copy(obj)], resource.storage.api_version)
    return with_whole_numbers(encode(resource.to_storage(kept)))


def is_long(resource: Resource, item: Item) -> bool:
    """Whether making the item's form takes others' time."""
    return resource.from_storage is not None and is_large(len(item.data)) and item.form(resource.purpose) is None


async def ready(aside: Aside, resource: Resource, items: Sequence[Item]) -> None:
    """Make the forms of many items without taking the loop for long, and of those that need a converter."""
    if resource.from_storage is None:
        return
    foreign: list[Item] = []
    for count, item in enumerate(items, 1):
        try:
            make = partial(form, resource, item)
            await aside.run(make) if is_long(resource, item) else make()
        except Unconverted:
            foreign.append(item)
        if count % _SLICE == 0:
            await asyncio.sleep(0)
    for part in _parts(foreign):
        await _convert(aside, resource, resource.from_storage, part)


def _parts(items: Sequence[Item]) -> Iterator[list[Item]]:
    part: list[Item] = []
    size = 0
    for item in items:
        if part and (len(part) == _REVIEWED or size + len(item.data) > _REVIEWED_BYTES):
            yield part
            part, size = [], 0
        part.append(item)
        size += len(item.data)
    if part:
        yield part


async def _convert(aside: Aside, resource: Resource, finish: Callable[[Obj], Obj], items: Sequence[Item]) -> None:
    assert resource.converter is not None
    objects = await resource.converter.convert([item.decode() for item in items], resource.api_version)
    for count, (item, obj) in enumerate(zip(items, objects, strict=True), 1):
        make = partial(finish, obj)
        made = await aside.run(make) if is_large(len(item.data)) else make()
        item.keep_form(resource.purpose, encode(made))
        if count % _SLICE == 0:
            await asyncio.sleep(0)


def _made(resource: Resource, item: Item) -> Item:
    assert resource.from_storage is not None
    obj = item.decode()
    if resource.converter is not None and obj["apiVersion"] != resource.api_version:
        raise Unconverted(resource, item)
    return item.keep_form(resource.purpose, encode(resource.from_storage(obj)))
