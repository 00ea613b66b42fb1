"""`--feature-gates` as it is typed."""

from __future__ import annotations

import pytest

from wherry.cli.features import gates_of
from wherry.cli.main import build_parser
from wherry.lib.failure import Failure


@pytest.mark.parametrize("words", [["server"], ["up"], ["testing", "serve"]], ids=" ".join)
def test_all_that_is_said_counts(words: list[str]) -> None:
    said = ["--feature-gates", "HPAScaleToZero=true,EnvFiles=false", "--feature-gates=EnvFiles=true"]
    options = build_parser(words).parse_args([*words, *said])
    assert gates_of(options) == {"HPAScaleToZero": True, "EnvFiles": True}
    assert gates_of(build_parser(words).parse_args(words)) == {}


def test_what_cannot_be_set_is_said_in_upstreams_words() -> None:
    options = build_parser(["server"]).parse_args(["server", "--feature-gates", "NoSuchGate=true"])
    with pytest.raises(Failure) as raised:
        gates_of(options)
    assert raised.value.message == "--feature-gates: unrecognized feature gate: NoSuchGate"
