"""When nobody has used a token for long enough."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.api.types.core_v1 import Pod, Secret
from wherry.api.types.decoding import convert
from wherry.controllers.tokens.plan import PERIOD_SECONDS, CallIn, Delete, Step, Wait, is_mounted, next_step
from wherry.identity.legacytokens import INVALID_SINCE, LAST_USED
from wherry.lib.clock import format_time, parse_date

DAY = 86400.0
TODAY = parse_date("2026-03-10")
NOW = TODAY + 3600
LONG_AGO = parse_date("2020-01-01")
YEAR = PERIOD_SECONDS


def secret(created: float = LONG_AGO, **labels: str) -> Secret:
    names = {"used": LAST_USED, "invalid": INVALID_SINCE}
    metadata = {
        "name": "s",
        "creationTimestamp": format_time(created),
        "labels": {names[name]: text for name, text in labels.items()},
    }
    return convert(Secret, {"metadata": metadata})


@pytest.mark.parametrize(
    ("of", "tracked", "wanted"),
    [
        pytest.param(secret(), LONG_AGO, CallIn(), id="never used"),
        pytest.param(secret(), parse_date("2025-03-10"), Wait(TODAY + DAY), id="not tracked for long enough"),
        pytest.param(secret(), parse_date("2025-03-09"), CallIn(), id="tracked for just long enough"),
        pytest.param(secret(NOW - DAY), LONG_AGO, Wait(NOW - DAY + YEAR), id="new"),
        pytest.param(secret(used="2025-03-10"), LONG_AGO, Wait(TODAY + DAY), id="used a year ago"),
        pytest.param(secret(used="2025-03-09"), LONG_AGO, CallIn(), id="used before that"),
        pytest.param(secret(used="yesterday"), LONG_AGO, None, id="used nobody knows when"),
        pytest.param(secret(invalid="soon"), LONG_AGO, CallIn(), id="called in nobody knows when"),
        pytest.param(secret(invalid="2025-03-10"), LONG_AGO, Wait(TODAY + DAY), id="called in a year ago"),
        pytest.param(secret(invalid="2025-03-09"), LONG_AGO, Delete(), id="called in before that"),
        pytest.param(secret(invalid="2024-01-01", used="2026-03-01"), LONG_AGO, Wait(parse_date("2026-03-02") + YEAR),
                     id="missed"),
    ],
)  # fmt: skip
def test_next_step(of: Secret, tracked: float, wanted: Step | None) -> None:
    assert next_step(of, tracked, NOW) == wanted


_CONTAINER = {"name": "c", "image": "x"}


@pytest.mark.parametrize(
    "spec",
    [
        {"imagePullSecrets": [{"name": "s"}]},
        {"containers": [{**_CONTAINER, "envFrom": [{"secretRef": {"name": "s"}}]}]},
        {"initContainers": [{**_CONTAINER, "env": [{"name": "E", "valueFrom": {"secretKeyRef": {"name": "s"}}}]}]},
        {"volumes": [{"name": "v", "secret": {"secretName": "s"}}]},
        {"volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "s"}}]}}]},
        {"volumes": [{"name": "v", "csi": {"driver": "d", "nodePublishSecretRef": {"name": "s"}}}]},
        {"volumes": [{"name": "v", "azureFile": {"secretName": "s", "shareName": "x"}}]},
        {"volumes": [{"name": "v", "iscsi": {"secretRef": {"name": "s"}}}]},
    ],
    ids=["pull", "envFrom", "env", "volume", "projected", "csi", "azureFile", "iscsi"],
)
def test_every_way_in_which_a_pod_refers_to_a_secret(spec: dict[str, Any]) -> None:
    pod = convert(Pod, {"metadata": {"name": "p"}, "spec": {"containers": [_CONTAINER], **spec}})
    assert is_mounted("s", [pod])
    assert not is_mounted("c", [pod])
    assert not is_mounted("s", [])
