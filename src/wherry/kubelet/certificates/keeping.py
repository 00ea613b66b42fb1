"""A certificate that a node must always have: asked for when missing, and again when two thirds of its life are over.

The files decide, not memory: what is there, fits and is not due is used, so a kill at any step costs one more request.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import NoReturn

from msgspec import Struct

from wherry.api import Obj
from wherry.api.errors import ApiError
from wherry.client import Client
from wherry.identity.der import CertificateInfo
from wherry.identity.joining import Refused
from wherry.identity.pki import renewal_time
from wherry.kubelet.certificates.asking import obtain
from wherry.lib.backoff import Backoff
from wherry.lib.clock import Clock

log = logging.getLogger(__name__)

_LONGEST_SLEEP = 12 * 3600.0
"""Wall time and timers drift apart when a laptop sleeps; look at least this often."""
_LEAST_PAUSE = 60.0
"""Between two certificates, should the clocks of server and node be far apart."""
_BACKOFF = Backoff(1.0, 300.0)


class Holding(Struct, frozen=True):
    """One certificate and what it takes to have it.

    Attributes:
        name: for the log.
        present: what there is, or None when it is missing, damaged, foreign or says something else.
        request: the key, and the request for a certificate of it.
        accept: keeps the pair, and uses it from then on.
    """

    name: str
    present: Callable[[], CertificateInfo | None]
    request: Callable[[], tuple[bytes, Obj]]
    accept: Callable[[bytes, bytes], None]


async def keep(holding: Holding, client: Client, clock: Clock) -> NoReturn:
    """Have the certificate, always; whatever fails is tried again, later and later."""
    failures = 0
    while True:
        wait = _seconds_left(holding, clock)
        if wait > 0:
            await clock.sleep(min(wait, _LONGEST_SLEEP))
            continue
        try:
            key, request = holding.request()
            holding.accept(key, await obtain(client, request))
            log.info("got a %s certificate", holding.name)
            failures = 0
            await clock.sleep(_LEAST_PAUSE)
        except (ApiError, Refused, OSError, ValueError) as error:
            log.warning("asking for a %s certificate: %s", holding.name, error)
            await clock.sleep(_BACKOFF.delay(failures))
            failures += 1


def _seconds_left(holding: Holding, clock: Clock) -> float:
    """Until the certificate should be made again; 0 when it should be now."""
    info = holding.present()
    return 0.0 if info is None else max(renewal_time(info) - clock.time(), 0.0)
