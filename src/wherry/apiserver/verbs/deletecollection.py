"""DELETE of a collection: the selected objects, each by the ordinary deletion, many under way at once.

The store commits in groups, so a window of deletions in flight costs hardly more than one; the window keeps a huge
collection from taking the loop for itself.
"""

from __future__ import annotations

import asyncio
from itertools import islice

from wherry.api.errors import NotFound
from wherry.api.resource import Resource
from wherry.apiserver.core import Call, Core
from wherry.apiserver.options import DeleteOptions, ListOptions
from wherry.apiserver.selection import Selection
from wherry.apiserver.verbs import list as listing
from wherry.apiserver.verbs.delete import delete

_IN_FLIGHT = 64


async def delete_collection(
    core: Core,
    call: Call,
    resource: Resource,
    namespace: str,
    options: ListOptions,
    selection: Selection,
    deletion: DeleteOptions,
) -> listing.Page:
    """Delete what is selected; returns the page of what was selected, as it was."""
    page = await listing.ready_page(core, resource, namespace, options, selection)
    items = iter(page.items)
    while batch := list(islice(items, _IN_FLIGHT)):
        results = await asyncio.gather(
            *(delete(core, call, resource, item.namespace, item.name, deletion) for item in batch),
            return_exceptions=True,
        )
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, NotFound):
                raise result
    return page
