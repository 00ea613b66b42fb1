"""Taken by what is stored, taken by claims; free only when neither has it."""

from __future__ import annotations

from wherry.apiserver.allocation.pool import Pool


def test_a_number_that_two_objects_share_is_free_when_both_are_gone() -> None:
    pool = Pool()
    pool.replace([], [1, 2])
    pool.replace([], [2])
    pool.replace([1, 2], [])
    assert (pool.is_free(1), pool.is_free(2)) == (True, False)
    pool.replace([2], [3])
    assert pool.is_free(2)
    assert len(pool) == 1


def test_a_claim_ends_where_it_was_stored_meanwhile() -> None:
    pool = Pool()
    pool.claim(7)
    assert not pool.is_free(7)
    pool.replace([], [7])
    pool.release(7)
    assert not pool.is_free(7)
    assert "1 stored, 0 claimed" in repr(pool)
