"""A definition's versions as resources that know how they are kept, and how one becomes another.

All versions of a kind are kept in its storage version. Older objects may still be kept in another one, and by an older
schema, so whatever is read is brought to what the definition says now: version, unknown fields, defaults.

What custom kinds need besides is imported with the first of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from wherry.api import Obj
from wherry.api.resource import Converter, Lifetime, Resource


def kinds(definition: Obj, converter: Converter | None, lifetime: Callable[[str], Lifetime]) -> tuple[Resource, ...]:
    """The resources of all versions that are served, and of the one that is stored.

    `converter` is asked to change versions; without one only the name of the version changes. `lifetime` gives what a
    version has in common with earlier definitions of it.
    """
    from wherry.api.apiextensions.customresource import deprecation_warning, resources

    spec = definition["spec"]
    storing = next(version["name"] for version in spec["versions"] if version.get("storage"))
    served = {version["name"] for version in spec["versions"] if version.get("served")}
    is_terminating = "deletionTimestamp" in definition["metadata"]
    made: dict[str, Resource] = {}
    for resource in sorted(resources(definition), key=lambda resource: resource.version != storing):
        is_stored = resource.version == storing
        made[resource.version] = replace(
            resource,
            storage=None if is_stored else made[storing],
            to_storage=None if is_stored else _renaming(made[storing].api_version),
            from_storage=_showing(resource),
            converter=converter,
            lifetime=lifetime(resource.version),
            is_served=resource.version in served,
            is_terminating=is_terminating,
            deprecation=deprecation_warning(definition, resource.version) or "",
        )
    return tuple(made.values())


def _renaming(api_version: str) -> Callable[[Obj], Obj]:
    return lambda obj: {**obj, "apiVersion": api_version}


def _showing(resource: Resource) -> Callable[[Obj], Obj]:
    """What brings an object, however old, to what its definition says now."""
    api_version, prune, default = resource.api_version, resource.schema.prune, resource.defaults

    def show(obj: Obj) -> Obj:
        obj["apiVersion"] = api_version
        prune(obj)
        default(obj)
        if not obj["metadata"].get("generation"):
            obj["metadata"]["generation"] = 1
        return obj

    return show
