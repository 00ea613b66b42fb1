"""PATCH: read, apply, and store, again whenever another writer was quicker.

A patch that names a resourceVersion insists on it; all others are applied to whatever is the latest state.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

from msgspec import Struct

from wherry.api import Obj
from wherry.api.errors import BadRequest, Invalid
from wherry.api.patch.applying import apply as apply_patch
from wherry.api.patch.applying import unsupported
from wherry.api.patch.json_patch import unknown_fields
from wherry.api.patch.strategic import go_format
from wherry.api.resource import Resource, Subresource
from wherry.apiserver import metadata, pipeline, versions
from wherry.apiserver.core import Call, Core, Outcome
from wherry.apiserver.decode import find_duplicates
from wherry.apiserver.encode import DecodeError, decode, encode, encode_any
from wherry.apiserver.options import FieldValidation
from wherry.apiserver.pipeline import Faults
from wherry.apiserver.verbs.update import draft, rewrite
from wherry.client import Patch
from wherry.watchcache.item import Item

_TYPES = {kind.value: kind for kind in Patch}


class Apply(Struct, frozen=True):
    """Makes the patched object from the stored one, which is used up."""

    kind: Patch
    document: Any
    resource: Resource
    body: bytes = b""
    """The patch as it came, in which keys may stand twice."""

    def faults(self) -> Sequence[str]:
        """What of the patch itself will not be heeded."""
        duplicates = find_duplicates(self.body, self.document)
        if self.kind is not Patch.JSON:
            return duplicates
        unknown = [f'unknown field "{path}"' for path in unknown_fields(self.document)]
        return [f"json patch {text}" for text in (*unknown, *duplicates)]

    def members(self) -> Set[str] | None:
        """The members of an object that the patch may change; None where it takes more than a glance to tell.

        Metadata that says nothing but which object is meant, as the patches of controllers do, is none of them.
        """
        document = self.document
        if self.kind is Patch.JSON or type(document) is not dict or any(name.startswith("$") for name in document):
            return None
        return document.keys() - _METADATA if _is_identity(document.get("metadata")) else document.keys()

    def __call__(self, obj: Obj) -> Obj:
        return apply_patch(self.kind.value, obj, self.document, self.resource.schema)

    def show(self, obj: Obj) -> str:
        """What upstream shows of a patch to `obj` whose result is no object of the kind."""
        if self.kind is Patch.STRATEGIC:
            return go_format(self.document)
        patched = self(obj)
        return (encode if patched.keys() >= {"apiVersion", "kind", "metadata"} else encode_any)(patched).decode()


_METADATA = {"metadata"}
_IDENTITY = frozenset({"name", "namespace", "uid", "resourceVersion"})


def _is_identity(metadata: Any) -> bool:
    """Whether metadata names an object, in members of which a patch has been checked that they are texts."""
    return (
        type(metadata) is dict
        and metadata.keys() <= _IDENTITY
        and all(type(value) is str for value in metadata.values())
    )


async def patch(
    core: Core,
    call: Call,
    resource: Resource,
    namespace: str,
    name: str,
    apply: Apply,
    sub: Subresource | None = None,
) -> Outcome:
    """Change one object by a patch."""
    faults: Sequence[str] = ()
    if call.validation is not FieldValidation.IGNORE:
        faults = await core.aside.run(apply.faults) if resource.is_laborious(call.size) else apply.faults()

    members = apply.members()

    def change(item: Item, old: Obj) -> tuple[Obj, Faults]:
        patched = apply(draft(resource, sub, old, members))
        if apply.kind is Patch.STRATEGIC:  # What an object is, is not among what is merged.
            patched["apiVersion"], patched["kind"] = resource.api_version, resource.kind
        _check_identity(resource, patched, namespace, name)
        try:
            return patched, pipeline.intake(resource, patched, call, faults, is_patched=True, only=members)
        except pipeline.Undecodable as error:
            why = error.why_not_converted if apply.kind is Patch.STRATEGIC else error.why
            raise Invalid.of_patch(apply.show(versions.read(resource, item)), why) from error

    return await rewrite(core, call, resource, namespace, name, change, sub)


def reader(body: bytes, content_type: str, resource: Resource) -> Apply:
    """What the body of a PATCH request does; raises UnsupportedMediaType and BadRequest."""
    media = content_type.partition(";")[0].strip().lower()
    kind = _TYPES.get(media)
    if kind is None or (kind is Patch.STRATEGIC and not resource.schema.knows_strategic_merge):
        raise unsupported(resource.schema.knows_strategic_merge)
    try:
        document = decode(body)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"error decoding patch: {error}") from error
    return Apply(kind, document, resource, body)


def _check_identity(resource: Resource, patched: Obj, namespace: str, name: str) -> None:
    """A patch can not make an object another one."""
    metadata.ensure_namespace(resource, patched, namespace)
    metadata.ensure_name(patched, name)
