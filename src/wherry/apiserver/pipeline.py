"""What every write goes through, whatever its verb.

    body -> decode -> intake (types, unknown fields, defaults) -> mutating admission -> prepare -> validate
         -> validating admission -> compare-and-set

`intake` runs on what a client sent and again on what a patch made of it. The functions change the object they are
given: the pipeline owns its copy.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace

import msgspec

from wherry.api import Obj
from wherry.api.errors import BadRequest, Invalid
from wherry.api.field import FieldError, invalid
from wherry.api.resource import Resource
from wherry.api.schema import DecodeError
from wherry.apiserver import metadata
from wherry.apiserver.attributes import Admission, Plugin
from wherry.apiserver.core import Call, Core
from wherry.apiserver.encode import encode_any
from wherry.apiserver.options import FieldValidation

Faults = Sequence[FieldError]
_by_content = msgspec.json.Encoder(order="deterministic").encode


def intake(
    resource: Resource,
    obj: Obj,
    call: Call,
    duplicates: Sequence[str] = (),
    *,
    is_patched: bool = False,
    only: Set[str] | None = None,
) -> Faults:
    """Check types, drop what the kind does not know, and fill in defaults.

    `only` names the members that are not as they are stored, where that is known.
    Returns faults that validation will report with its own; raises `BadRequest` for what can not be decoded.
    """
    _check_kind(resource, obj)
    if obj["metadata"].get("managedFields") == []:
        obj["metadata"]["managedFields"] = [{}]  # Forget all managers: an empty list would be dropped as nothing said.
    faults, unknown = resource.schema.prune(obj, only)
    for fault in faults:
        if isinstance(fault, DecodeError):
            raise Undecodable(resource, fault.detail, fault.converter_detail)
    if (unknown or duplicates) and call.validation is not FieldValidation.IGNORE:
        _report(resource, unknown, duplicates, call, is_patched)
    if len(owners := obj["metadata"].get("ownerReferences") or ()) > 1:
        _drop_repeated_owners(obj["metadata"], owners, call, is_patched)
    resource.defaults(obj)
    return faults


class Undecodable(BadRequest):
    """A body that is no object of the kind, in the words that kubectl shows."""

    def __init__(
        self, resource: Resource, why: str, why_not_converted: str = "", claims: tuple[str, str] | None = None
    ) -> None:
        kind, version = claims or (resource.kind, resource.version)
        super().__init__(f'{kind} in version "{version}" cannot be handled as a {resource.kind}: {why}')
        self.why = why
        self.why_not_converted = why_not_converted or why
        """For what was never bytes: the result of a strategic merge."""


def admit(
    plugins: Sequence[Plugin],
    core: Core,
    call: Call,
    operation: str,
    resource: Resource,
    subresource: str,
    key: tuple[str, str],
    obj: Obj | None,
    old: Obj | None,
) -> None:
    """Let the admission plug-ins of one phase change or refuse a write to `key` (namespace, name)."""
    if not plugins:
        return
    admission = Admission(
        call.user, operation, resource, subresource, key[0], key[1], obj, old, call.dry_run, call.warn
    )
    for plugin in plugins:
        plugin(admission, core.reader)


def withhold(core: Core, resource: Resource, new: Obj, old: Obj | None) -> Faults:
    """Drop what belongs to features that are off, or say what of it is refused."""
    if resource.lifetime is not None:
        return ()
    withholding = core.withheld[resource]
    return () if withholding is None else withholding.drop(new, old)


def refuse_invalid(resource: Resource, name: str, required: Faults, *groups: Faults, withheld: Faults = ()) -> None:
    """Raise `Invalid` with all faults, if there are any.

    `required` are the faults of `intake`; they give way to a semantic fault of the same field, which says more. Those
    of `withhold` know that less is allowed than the kind's own rules say, which give way to them.
    """
    if not required and not withheld and not any(groups):
        return
    paths = {fault.path for fault in withheld}
    faults = [*withheld, *(fault for group in groups for fault in group if fault.path not in paths)]
    paths = {fault.path for fault in faults}
    raise Invalid.of(resource, name, [fault for fault in required if fault.path not in paths] + faults)


def _drop_repeated_owners(meta: Obj, owners: Sequence[Obj], call: Call, is_patched: bool) -> None:
    """Owners that stand there twice, word for word, count once; clients that send them are told."""
    distinct: dict[bytes, Obj] = {}
    repeated: dict[str, None] = {}
    for owner in owners:
        if distinct.setdefault(_by_content(owner), owner) is not owner:
            repeated[owner.get("uid") or ""] = None
    if not repeated:
        return
    meta["ownerReferences"] = list(distinct.values())
    when = " after mutating admission happens" if is_patched else ""
    call.warn(
        f".metadata.ownerReferences contains duplicate entries{when}; API server dedups owner references in 1.20+, and "
        f"may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: "
        f"{', '.join(repeated)}"
    )


def _check_kind(resource: Resource, obj: Obj) -> None:
    """The kind that a body names must be the one of the path."""
    if obj.get("apiVersion") != resource.api_version or obj.get("kind") != resource.kind:
        if resource.lifetime is not None:
            _check_custom_kind(resource, obj)
        else:
            _check_builtin_kind(resource, obj)
    metadata.of(obj)


def _check_builtin_kind(resource: Resource, obj: Obj) -> None:
    """A body may leave out apiVersion and kind, which are filled in."""
    api_version, kind = obj.get("apiVersion"), obj.get("kind")
    if kind and kind != resource.kind:
        version = str(api_version or resource.api_version).rpartition("/")[2]
        why = f"converting ({version}.{kind}) to ({resource.group or 'core'}.{resource.kind}): unknown conversion"
        raise Undecodable(resource, why, claims=(str(kind), version))
    if api_version and api_version != resource.api_version:
        raise _other_version(resource, api_version)
    obj["apiVersion"], obj["kind"] = resource.api_version, resource.kind


def _check_custom_kind(resource: Resource, obj: Obj) -> None:
    """Any JSON is an object of a custom kind to upstream's decoder; that it is of another one is found out later."""
    api_version, kind = str(obj.get("apiVersion") or ""), str(obj.get("kind") or "")
    if not kind:
        raise Undecodable(resource, f"Object 'Kind' is missing in '{encode_any(obj).decode()}'")
    group, _, version = api_version.rpartition("/")
    if group != resource.group:
        what = f"{api_version or '/'}, Kind={kind}"
        why = f'{what} is unstructured and is not suitable for converting to "{resource.api_version}"'
        raise Undecodable(resource, why, claims=(kind, version))
    if api_version != resource.api_version:
        raise _other_version(resource, api_version)
    claimed = replace(resource, kind=kind)
    raise Invalid.of(claimed, metadata.name_of(obj), [invalid("kind", kind, f"must be {resource.kind}")])


def _other_version(resource: Resource, api_version: str) -> BadRequest:
    return BadRequest(
        f"the API version in the data ({api_version}) does not match the expected API version ({resource.api_version})"
    )


def _report(
    resource: Resource, unknown: Sequence[str], duplicates: Sequence[str], call: Call, is_patched: bool
) -> None:
    """Tell of fields that will not be kept: as an error or as warnings, in the order in which upstream finds them."""
    texts = [f'unknown field "{path}"' for path in unknown]
    if resource.lifetime is not None:
        texts = [*duplicates, *texts]  # custom objects are read as they are, and only then pruned
    elif is_patched:
        texts = [*duplicates, *sorted(texts)]  # what is wrong with the patch comes before what it makes of the object
    else:
        # What stands twice in a field that is not known is not reported twice.
        passed_over = tuple(f'duplicate field "{path}{end}' for path in unknown for end in ('"', ".", "["))
        texts = call.in_order([*texts, *(text for text in duplicates if not text.startswith(passed_over))])
    # What a YAML reader says (of lines) comes before what is found in the object that it made.
    texts.sort(key=lambda text: not text.startswith(("yaml: ", "line ")))
    if call.validation is FieldValidation.STRICT:
        raise Undecodable(resource, "strict decoding error: " + ", ".join(texts))
    for text in texts:
        call.warn(text)
