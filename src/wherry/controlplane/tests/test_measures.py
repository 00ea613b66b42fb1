"""What a whole control plane tells of itself."""

from __future__ import annotations

import random
from collections.abc import Awaitable
from pathlib import Path

from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.features import features
from wherry.apiserver.attributes import AUTHENTICATED, MASTERS, User
from wherry.controlplane.plane import ControlPlane
from wherry.controlplane.settings import Settings
from wherry.lib.systemclock import SystemClock
from wherry.store.sqlite import SqliteStore
from wherry.transport.messages import Peer, Request, Response

ADMIN = {"t": User("admin", (MASTERS, AUTHENTICATED))}


async def test_everything_that_counts_is_told(tmp_path: Path) -> None:
    clock = SystemClock()
    settings = Settings(static_tokens=ADMIN, features=features({"H2CContainerProbe": True, "HPAScaleToZero": False}))
    plane = ControlPlane(SqliteStore(tmp_path / "state.db", clock), clock, random.Random(1), settings)
    await plane.open()
    try:
        await plane.start()
        await plane.client().create(CONFIGMAPS, {"metadata": {"name": "a", "namespace": "default"}})
        reply = plane.handle(Request("GET", "/metrics", "", {"authorization": "Bearer t"}, b"", Peer("::1", None)))
        answer = await reply if isinstance(reply, Awaitable) else reply
    finally:
        await plane.close()
    assert isinstance(answer, Response)
    text = answer.body if isinstance(answer.body, bytes) else b"".join(answer.body)
    numbers = dict(line.rsplit(" ", 1) for line in text.decode().splitlines() if not line.startswith("#"))
    assert float(numbers["wherry_store_writes_total"]) >= float(numbers["wherry_store_commits_total"]) > 0
    assert float(numbers['apiserver_storage_size_bytes{storage_cluster_id="wherry-0"}']) > 1000
    assert float(numbers["process_cpu_seconds_total"]) > 0
    assert numbers['kubernetes_feature_enabled{name="H2CContainerProbe",stage="ALPHA"}'] == "1"
    assert numbers['kubernetes_feature_enabled{name="HPAScaleToZero",stage="BETA"}'] == "0"
    assert numbers['kubernetes_feature_enabled{name="DRADeviceTaints",stage=""}'] == "1"
    assert numbers['kubernetes_feature_enabled{name="AllAlpha",stage="ALPHA"}'] == "0"
    assert 'workqueue_depth{name="deployment-controller"}' in numbers
    assert numbers['scheduler_schedule_attempts_total{result="scheduled"}'] == "0"
    assert {f'scheduler_pending_pods{{queue="{place}"}}' for place in ("active", "backoff", "unschedulable")} <= set(
        numbers
    )
    assert 'apiserver_storage_objects{resource="configmaps"}' in numbers
