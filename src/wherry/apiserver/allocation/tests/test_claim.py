"""A claim follows its write, not its writer."""

from __future__ import annotations

import asyncio

from wherry.apiserver.allocation.claim import NumberClaim
from wherry.apiserver.allocation.pool import Pool


async def test_what_is_kept_for_a_write_stays_until_the_write_is_settled() -> None:
    pool, claim = Pool(), NumberClaim()
    write: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    claim.take(pool, 5)
    claim.follow(write)
    claim.release()
    assert not pool.is_free(5)
    write.set_result(1)
    await asyncio.sleep(0)
    assert pool.is_free(5)


def test_without_a_write_everything_is_given_back_at_once() -> None:
    pool, claim = Pool(), NumberClaim()
    claim.take(pool, 5)
    claim.release()
    claim.release()
    assert pool.is_free(5)
