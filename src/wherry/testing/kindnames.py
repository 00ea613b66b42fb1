"""By which names people call a kind, as kubectl understands them: `deploy`, `Deployment`, `deployments.apps`."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api.resource import Resource


def kind_names(resource: Resource) -> Iterator[str]:
    """All of them, in lower case."""
    for name in dict.fromkeys((resource.plural, resource.singular, resource.kind.lower(), *resource.short_names)):
        yield name
        if resource.group:
            yield f"{name}.{resource.group}"
        yield f"{name}.{resource.version}.{resource.group}"
