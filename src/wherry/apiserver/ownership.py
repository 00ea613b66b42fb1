"""Field management for the verbs: `follow` after an ordinary change, `lay` for a server-side apply.

The rules are in `api/managedfields`; here is what they need to know of a request: the kind's other versions, the path
that is written, the writer's name.
"""

from __future__ import annotations

from functools import lru_cache

from wherry.api import Obj
from wherry.api.errors import ApiError, BadRequest, Invalid
from wherry.api.field import FieldError, too_long
from wherry.api.managedfields.applying import Applied, apply
from wherry.api.managedfields.checking import check
from wherry.api.managedfields.conflicts import ApplyConflicts, refusal
from wherry.api.managedfields.elements import BadElement
from wherry.api.managedfields.entries import same_but_times
from wherry.api.managedfields.lastapplied import KUBECTL, apply_as_kubectl
from wherry.api.managedfields.sets import EMPTY, Fields, of
from wherry.api.managedfields.updating import Kind, Writer, update
from wherry.api.meta.objectmeta import keep_metadata
from wherry.api.resource import Resource, Subresource
from wherry.api.schema.kinds import KindSchema
from wherry.apiserver.core import Call, Core
from wherry.apiserver.options import manager_faults
from wherry.apiserver.otherversions import OtherVersions, answered

_MANAGER_BYTES, _SUBRESOURCE_BYTES = 128, 256
_STATUS: Fields = of([("f:status",)])


def follow(core: Core, call: Call, resource: Resource, sub: Subresource | None, new: Obj, old: Obj | None) -> None:
    """Give `new` the entries it has after this change of `old` (None: it is created).

    Raises `Unanswered` for kinds with a converter; those take `follow_converting`.
    """
    _follow(OtherVersions(core.registry, resource), core, call, resource, sub, new, old)


async def follow_converting(
    core: Core, call: Call, resource: Resource, sub: Subresource | None, new: Obj, old: Obj
) -> None:
    """`follow`, for kinds whose versions are changed by a converter. If that fails the entries stay as they are."""
    versions = OtherVersions(core.registry, resource)
    try:
        await answered(versions, lambda: _follow(versions, core, call, resource, sub, new, old))
    except Invalid:
        raise
    except ApiError:
        take_entries(new, old)


def _follow(
    versions: OtherVersions,
    core: Core,
    call: Call,
    resource: Resource,
    sub: Subresource | None,
    new: Obj,
    old: Obj | None,
) -> None:
    if update(_kind(versions, resource, sub), old, new, _writer(core, call, sub)):
        _refuse_bad_entries(resource, new)


def lay(
    core: Core,
    call: Call,
    resource: Resource,
    sub: Subresource | None,
    live: Obj | None,
    applied: Obj,
    *,
    force: bool,
    versions: OtherVersions | None = None,
) -> Obj:
    """The object that an apply makes of `live` (None: of nothing), with its entries; raises what the client is told.

    The result shares its parts with both. For kinds with a converter, `versions` has its answers; raises `Unanswered`.
    """
    refuse_misfit(resource, applied)
    kind, writer = _kind(versions or OtherVersions(core.registry, resource), resource, sub), _writer(core, call, sub)
    do = apply_as_kubectl if call.manager == KUBECTL else apply
    try:
        result = do(kind, live, applied, writer, force=force)
    except ApplyConflicts as error:
        raise refusal(error.conflicts) from None
    except BadElement as error:
        raise ApiError(f"failed to merge config: {error}") from error
    return _with_entries(result, live)


def revert_times(new: Obj, old: Obj) -> None:
    """A write that changes nothing but the times of entries changes nothing."""
    ours, before = new["metadata"].get("managedFields"), old["metadata"].get("managedFields")
    if ours is before or not ours or not before or ours == before:
        return
    for name, value in new.items():
        if name != "metadata" and value != old.get(name):
            return  # As nearly always. What follows is dearer.
    if not same_but_times(ours, before):
        return
    new["metadata"]["managedFields"] = before
    if new != old:
        new["metadata"]["managedFields"] = ours


@lru_cache(256)
def manager_of(user_agent: str) -> str:
    """The manager's name for a client that gives none: its User-Agent up to the first slash."""
    name = ""
    for character in user_agent.partition("/")[0]:
        if character.isprintable():
            if len((name + character).encode()) > _MANAGER_BYTES:
                break
            name += character
    return name


def _refuse_bad_entries(resource: Resource, new: Obj) -> None:
    """Judge the names in entries that the client may have made up."""
    faults: list[FieldError] = []
    for index, entry in enumerate(new["metadata"].get("managedFields") or ()):
        path = f"metadata.managedFields[{index}]"
        faults += manager_faults(f"{path}.manager", entry.get("manager") or "")
        if len((entry.get("subresource") or "").encode()) > _SUBRESOURCE_BYTES:
            faults.append(too_long(f"{path}.subresource", _SUBRESOURCE_BYTES))
    if faults:
        raise Invalid.of(resource, new["metadata"].get("name") or "", faults)


def _with_entries(result: Applied, live: Obj | None) -> Obj:
    obj = result.obj if result.obj is not None else live
    assert obj is not None
    meta = {name: value for name, value in obj["metadata"].items() if name != "managedFields"}
    if result.entries:
        meta["managedFields"] = result.entries
    return {**obj, "metadata": meta}


def take_entries(new: Obj, source: Obj) -> None:
    """Give `new` the entries of another state of itself."""
    if entries := source["metadata"].get("managedFields"):
        new["metadata"]["managedFields"] = entries
    else:
        new["metadata"].pop("managedFields", None)


def refuse_misfit(resource: Resource, applied: Obj) -> None:
    """Refuse what is no object of the kind, or no configuration of one."""
    api_version, kind = (_text(applied.get(name)) for name in ("apiVersion", "kind"))
    if (api_version, kind) != (resource.api_version, resource.kind):
        raise BadRequest(f"invalid object type: {_gvk(api_version, kind)}")
    meta = applied.get("metadata")
    if isinstance(meta, dict) and isinstance(meta.get("managedFields"), list):
        raise BadRequest("metadata.managedFields must be nil")
    if fault := check(resource.schema.node, applied):
        names = meta if isinstance(meta, dict) else {}
        where = f"{_text(names.get('namespace'))}/{_text(names.get('name'))}; {_gvk(api_version, kind)}"
        raise ApiError(f"failed to create typed patch object ({where}): {fault}")
    if meta is None:
        applied["metadata"] = {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _gvk(api_version: str, kind: str) -> str:
    group, _, version = api_version.rpartition("/")
    return f"{group}/{version}, Kind={kind}"


def _kind(versions: OtherVersions, resource: Resource, sub: Subresource | None) -> Kind:
    schema = resource.schema
    only: frozenset[str] = frozenset()
    ignored = EMPTY
    if sub is not None and sub.writes:
        only = _steps(sub.writes, resource.prepare_status_update is not keep_metadata)
    elif resource.subresource("status") is not None:
        ignored = _STATUS
    return Kind(resource.api_version, schema.node, versions, only, ignored, isinstance(schema, KindSchema))


@lru_cache(64)
def _steps(writes: tuple[str, ...], with_metadata: bool) -> frozenset[str]:
    """What may be changed by a path, as managed fields name it."""
    return frozenset(f"f:{name}" for name in (*writes, *(("metadata",) if with_metadata else ())))


def _writer(core: Core, call: Call, sub: Subresource | None) -> Writer:
    return Writer(call.manager, sub.name if sub is not None else "", core.now())
