"""PATCH by server-side apply: the applied configuration laid over the stored object, or a new object made of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec import Struct

from wherry.api import Obj
from wherry.api.errors import AlreadyExists, ApiError, BadRequest, Conflict, Invalid, NotFound
from wherry.api.resource import Resource, Subresource
from wherry.apiserver import metadata, ownership, pipeline, versions
from wherry.apiserver.core import Call, Core, Outcome
from wherry.apiserver.decode import find_duplicates, find_yaml_duplicates
from wherry.apiserver.encode import DecodeError, decode, encode
from wherry.apiserver.options import FieldValidation
from wherry.apiserver.otherversions import OtherVersions, Unanswered
from wherry.apiserver.pipeline import Faults
from wherry.apiserver.verbs import create
from wherry.apiserver.verbs.update import rewrite
from wherry.watchcache.item import Item

APPLY_YAML = "application/apply-patch+yaml"
_ATTEMPTS = 8
"""How often an apply begins again because others create and delete the object beside it."""


def is_apply(content_type: str) -> bool:
    """Whether a PATCH with this body applies it."""
    return content_type.partition(";")[0].strip().lower() == APPLY_YAML


def _as_it_is(applied: Obj) -> Obj:
    return applied


class Configuration(Struct, frozen=True):
    """What is applied. It is read anew for each attempt, since an attempt uses it up."""

    body: bytes
    force: bool = False
    translate: Callable[[Obj], Obj] = _as_it_is
    """What the applied object means for the one that is changed."""

    def translated(self, translate: Callable[[Obj], Obj]) -> Configuration:
        """The same, meant otherwise."""
        return Configuration(self.body, self.force, translate)

    def read(self) -> Obj:
        """The applied object; raises BadRequest."""
        return self.translate(self._object())

    def _object(self) -> Obj:
        value = self._parse()
        if value is None:
            return {}
        if not isinstance(value, dict):
            why = f"json: cannot unmarshal {_go_type(value)} into Go value of type map[string]interface {{}}"
            raise BadRequest(f"error decoding patch: error unmarshaling JSON: while decoding JSON: {why}")
        return value

    def _parse(self) -> Any:
        if self.body.lstrip()[:1] == b"{":  # JSON is YAML; it is read twenty times as fast.
            try:
                return decode(self.body)
            except RecursionError:
                raise BadRequest("error decoding patch: exceeded max depth") from None
            except (DecodeError, UnicodeDecodeError):
                pass
        from wherry.apiserver.yamltext import YamlError, parse_yaml

        try:
            return parse_yaml(self.body)
        except YamlError as error:
            raise BadRequest(f"error encoding patch: {error}") from error

    def warn_of_duplicates(self, call: Call) -> None:
        """Tell of keys that stand twice in one map; raises BadRequest where that is forbidden."""
        if call.validation is FieldValidation.IGNORE:
            return
        if self.body[:1] == b"{" and not find_duplicates(self.body, self._object()):
            return
        is_strict = call.validation is FieldValidation.STRICT
        for fault in find_yaml_duplicates(self.body, is_strict):
            if is_strict:
                raise BadRequest(f"error strict decoding patch: error converting YAML to JSON: {fault}")
            call.warn(fault)


async def apply(
    core: Core,
    call: Call,
    resource: Resource,
    namespace: str,
    name: str,
    configuration: Configuration,
    sub: Subresource | None = None,
    may_create: Callable[[], None] = lambda: None,
) -> Outcome:
    """Apply to one object, by a subresource or as a whole.

    `may_create` raises unless the user may create the object where it does not exist.
    """
    writing = sub if sub is not None and sub.writes else None
    call.is_applied = True
    others = OtherVersions(core.registry, resource)

    def change(item: Item, _: Obj) -> tuple[Obj, Faults]:
        live = versions.read(resource, item)
        obj = _laid(core, call, resource, sub, live, configuration, others)
        _check_identity(resource, obj, namespace, name)
        return obj, _intake(resource, obj, call)

    attempts = _ATTEMPTS
    while True:
        try:
            if sub is None and core.kind(resource).get(namespace, name) is None:
                is_long = resource.is_laborious(call.size)
                new = partial(_new, core, call, resource, namespace, name, configuration)
                obj = await core.aside.run(new) if is_long else new()
                may_create()
                take_in = partial(_intake, resource, obj, call)
                faults = await core.aside.run(take_in) if is_long else take_in()
                return await create.finish(core, call, resource, namespace, obj, faults)
            return await rewrite(core, call, resource, namespace, name, change, writing)
        except Unanswered as question:
            await others.ask(question)
        except (AlreadyExists, NotFound) as error:  # Somebody else has created the object meanwhile, or deleted it.
            attempts -= 1
            if sub is not None or not attempts or not _is_about(error, resource):
                raise
            await asyncio.sleep(0)


def _is_about(error: ApiError, resource: Resource) -> bool:
    """Whether it is the object itself that is there or not, and not its namespace."""
    return (error.details or {}).get("kind") == resource.plural


def _new(core: Core, call: Call, resource: Resource, namespace: str, name: str, configuration: Configuration) -> Obj:
    """The object that is created for a configuration of what does not exist."""
    obj = _laid(core, call, resource, None, None, configuration, OtherVersions(core.registry, resource))
    meta = metadata.of(obj)
    if uid := meta.get("uid"):
        why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        raise Conflict.of(resource, name, why)
    meta.pop("resourceVersion", None)
    _check_identity(resource, obj, namespace, name)
    return obj


def _laid(
    core: Core,
    call: Call,
    resource: Resource,
    sub: Subresource | None,
    live: Obj | None,
    configuration: Configuration,
    others: OtherVersions,
) -> Obj:
    applied = configuration.read()
    obj = ownership.lay(core, call, resource, sub, live, applied, force=configuration.force, versions=others)
    configuration.warn_of_duplicates(call)
    return obj


def _check_identity(resource: Resource, obj: Obj, namespace: str, name: str) -> None:
    metadata.ensure_namespace(resource, obj, namespace)
    metadata.ensure_name(obj, name)


def _intake(resource: Resource, obj: Obj, call: Call) -> Faults:
    try:
        return pipeline.intake(resource, obj, call, is_patched=True)
    except pipeline.Undecodable as error:
        raise Invalid.of_patch(encode(obj).decode(), error.why) from error


def _go_type(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    return "array" if isinstance(value, list) else "string" if isinstance(value, str) else "number"
