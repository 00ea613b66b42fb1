"""Notes on a Secret the day on which its token was last used."""

from __future__ import annotations

import logging

from wherry.api import Obj
from wherry.api.core.secret import SECRETS
from wherry.api.errors import ApiError
from wherry.apiserver.access import ROOT
from wherry.apiserver.core import Call, Core
from wherry.apiserver.verbs.patch import Apply, patch
from wherry.client import Patch
from wherry.identity.legacytokens import LAST_USED, is_noted
from wherry.lib.clock import format_date

log = logging.getLogger(__name__)


class TokenUses:
    """Called with a Secret and the time when its token is shown; writes once a day at most, and nobody waits for it."""

    __slots__ = ("_core", "_under_way")

    def __init__(self, core: Core) -> None:
        self._core = core
        self._under_way: set[str] = set()

    def __call__(self, secret: Obj, now: float) -> None:
        metadata = secret["metadata"]
        uid = metadata["uid"]
        if uid in self._under_way or is_noted(metadata.get("labels"), now):
            return
        self._under_way.add(uid)
        self._core.tasks.spawn(self._note(metadata, format_date(now)), "note the use of a token")

    async def _note(self, metadata: Obj, day: str) -> None:
        document = {"metadata": {"uid": metadata["uid"], "labels": {LAST_USED: day}}}
        call = Call(ROOT, manager="kube-apiserver", verb="patch")
        namespace, name = metadata["namespace"], metadata["name"]
        try:
            await patch(self._core, call, SECRETS, namespace, name, Apply(Patch.MERGE, document, SECRETS))
        except ApiError as error:
            log.warning("the use of the token in secret %s/%s was not noted: %s", namespace, name, error.message)
        finally:
            self._under_way.discard(metadata["uid"])
