"""One object as the cache keeps it: its encoded bytes, and what selectors have asked of it so far.

Bytes, not dicts: a decoded Pod takes eight times the memory and slows every garbage collection, while decoding it
anew takes a few microseconds. Labels and selectable fields are extracted when a selector first looks at the object.

The pipeline encodes `apiVersion`, `kind` and `metadata` first and leaves the resourceVersion out, because a revision is
known only once the write is ordered. `stamp` puts it in as the first member of the metadata: the first occurrence of
`"metadata":{` in an encoded object is its own, whatever its spec contains.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec
from msgspec import Struct

from wherry.api import Obj
from wherry.store import Revision

NO_LABELS: Mapping[str, str] = MappingProxyType({})

_METADATA = b'"metadata":{'
_INTERNED_LENGTH = 64
_KEPT_FORMS = 4


class Item(Struct, eq=False, gc=False):
    """An object at a revision. Never changes, but for what it remembers having extracted.

    Every write makes one and a large cluster has tens of thousands, so it is made in C, and the garbage collector does
    not walk over it: there are no cycles.
    """

    namespace: str
    """"" for cluster-scoped kinds."""
    name: str
    revision: Revision
    data: bytes
    """The encoded object, resourceVersion included."""
    forms: tuple[tuple[object, Item], ...] | None = ()
    """The same object in other versions of its kind, each with what it was made for; None: this is such a form."""
    _labels: Mapping[str, str] | None = None
    _fields: dict[str, str] | None = None

    def __repr__(self) -> str:
        return f"<Item {self.key} @{self.revision}>"

    @property
    def key(self) -> str:
        """`namespace/name`, or `name` for cluster-scoped kinds: the store's key without its prefix."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    @property
    def value(self) -> bytes:
        """What the store was given: the same without its resourceVersion."""
        return unstamp(self.data, self.revision)

    @property
    def labels(self) -> Mapping[str, str]:
        if self._labels is None:
            self._labels = _decode_labels(self.data).metadata.labels or NO_LABELS
        return self._labels

    def field(self, name: str, getter: Callable[[Obj], str]) -> str:
        """The selectable field `name`; `getter` extracts it from the decoded object the first time it is asked for."""
        fields = self._fields
        if fields is None:
            fields = self._fields = {}
        elif name in fields:
            return fields[name]
        value = getter(self.decode())
        fields[name] = value = sys.intern(value) if len(value) <= _INTERNED_LENGTH else value
        return value

    def decode(self) -> Obj:
        """A fresh, mutable copy of the object."""
        return _decode(self.data)

    def at(self, revision: Revision) -> Item:
        """The same object with a later resourceVersion: how watchers see one that has just gone."""
        item = Item(self.namespace, self.name, revision, restamp(self.data, self.revision, revision))
        item._labels = self._labels
        item._fields = self._fields
        item.forms = self.forms and tuple((purpose, form.at(revision)) for purpose, form in self.forms)
        return item

    def form(self, purpose: object) -> Item | None:
        """What `keep_form` was given for `purpose`; a form is its own for every purpose."""
        if self.forms is None:
            return self
        return next((form for kept, form in self.forms if kept is purpose), None)

    def keep_form(self, purpose: object, data: bytes) -> Item:
        """Remember how the object looks for `purpose`, which is compared by identity; of many the latest are kept."""
        form = Item(self.namespace, self.name, self.revision, self.data if data == self.data else data)
        form.forms = None
        self.forms = ((purpose, form), *(self.forms or ())[: _KEPT_FORMS - 1])
        return form


def stamp(value: bytes, revision: Revision) -> bytes:
    """Put a resourceVersion into an encoded object that has none."""
    start = value.index(_METADATA) + len(_METADATA)
    mark = b'"resourceVersion":"%d"' if value[start] == 0x7D else b'"resourceVersion":"%d",'
    return b"".join((value[:start], mark % revision, value[start:]))


def unstamp(data: bytes, revision: Revision) -> bytes:
    """The inverse of `stamp`."""
    with_comma = b'"resourceVersion":"%d",' % revision
    start = data.index(_METADATA) + len(_METADATA)
    mark = with_comma if data.startswith(with_comma, start) else with_comma[:-1]
    return data[:start] + data[start + len(mark) :]


def restamp(data: bytes, old: Revision, new: Revision) -> bytes:
    """Replace the resourceVersion that `stamp` put in."""
    return data.replace(b'"resourceVersion":"%d"' % old, b'"resourceVersion":"%d"' % new, 1)


class _Metadata(msgspec.Struct, gc=False):
    labels: dict[str, str] | None = None


class _Labelled(msgspec.Struct, gc=False):
    metadata: _Metadata


_decode = msgspec.json.Decoder(Obj).decode
_decode_labels = msgspec.json.Decoder(_Labelled).decode
