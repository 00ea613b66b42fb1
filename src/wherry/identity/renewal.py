"""Keeps certificates fresh while the server runs, so that a cluster never dies of its birthday."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from wherry.identity.pki import Pki
from wherry.lib.clock import Clock

log = logging.getLogger(__name__)

_LONGEST_SLEEP = 12 * 3600.0
"""Wall time and timers drift apart when a laptop sleeps; look at least this often."""
_RETRY = 600.0


async def keep_renewed(pki: Pki, clock: Clock, on_renewed: Callable[[Sequence[str]], None]) -> None:
    """Renew whatever is due, for as long as the caller lets this run.

    `on_renewed` gets the names of the certificates that were made again: it reloads live TLS contexts and rewrites
    the kubeconfigs that embed them. A failure (a full disk) is logged and tried again; the old files stay in use.
    """
    while True:
        wait = min(max(pki.next_due() - clock.time(), 0.0), _LONGEST_SLEEP)
        if wait:
            await clock.sleep(wait)
        try:
            names = pki.renew(clock.time())
            if names:
                log.info("renewed certificates: %s", ", ".join(names))
                on_renewed(names)
        except OSError as error:
            log.error("certificates could not be renewed: %s", error)
            await clock.sleep(_RETRY)
