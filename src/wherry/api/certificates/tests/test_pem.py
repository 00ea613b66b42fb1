"""PEM as Go reads it."""

from __future__ import annotations

from wherry.api.certificates import pem


def test_pem_as_go_reads_it() -> None:
    text = b"before\n-----BEGIN A-----\nKey: 1\n\nAAAA\n-----END A-----\n-----BEGIN B-----\n?\n-----END B-----\nx\n"
    assert list(pem.decode(text)) == [pem.Block("A", True, b"\0\0\0")]
    assert pem.first(b"nothing") is None
