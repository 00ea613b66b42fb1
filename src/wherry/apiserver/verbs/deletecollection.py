"""DELETE of a collection: the selected objects, each judged as by the ordinary deletion, many under way at once.

The store commits in groups, so a window of deletions in flight costs hardly more than one; the window keeps a huge
collection from taking the loop for itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import islice

from wherry.api.errors import NotFound
from wherry.api.resource import Resource
from wherry.apiserver.core import Call, Core
from wherry.apiserver.options import DeleteOptions, ListOptions
from wherry.apiserver.selection import Selection
from wherry.apiserver.verbs import list as listing
from wherry.apiserver.verbs.delete import delete, delete_together
from wherry.watchcache.item import Item

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
        if resource.converter is None:
            await delete_together(core, call, resource, batch, deletion)
        else:
            await _delete_each(core, call, resource, batch, deletion)
    return page


async def _delete_each(
    core: Core, call: Call, resource: Resource, batch: Sequence[Item], deletion: DeleteOptions
) -> None:
    """Those whose converter has to be asked, which is waited for."""
    results = await asyncio.gather(
        *(delete(core, call, resource, item.namespace, item.name, deletion) for item in batch), return_exceptions=True
    )
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, NotFound):
            raise result
