"""ServiceCIDRs become ready, and go when no Service needs them."""

from __future__ import annotations

import pytest

from wherry.api import Obj
from wherry.api.core.service import SERVICES
from wherry.api.errors import NotFound
from wherry.api.networking.servicecidr import SERVICECIDRS
from wherry.controllers.tests.plane import Plane, only, running

NAME = "service-cidr-controller"


async def _ready(plane: Plane, name: str) -> Obj:
    found = await plane.get(SERVICECIDRS, name)
    condition: Obj = found["status"]["conditions"][0]
    return condition


async def test_the_default_range_is_ready() -> None:
    async with running(only(NAME)) as plane:
        found = await plane.get(SERVICECIDRS, "kubernetes")
        assert found["spec"]["cidrs"] == ["10.43.0.0/16"]
        assert found["metadata"]["finalizers"] == ["networking.k8s.io/service-cidr-finalizer"]
        condition = await _ready(plane, "kubernetes")
        assert (condition["status"], condition["message"]) == ("True", "Kubernetes default Service CIDR is ready")


async def test_a_range_that_is_needed_stays() -> None:
    async with running(only(NAME)) as plane:
        extra = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "ServiceCIDR",
            "metadata": {"name": "extra"},
            "spec": {"cidrs": ["10.9.0.0/24"]},
        }
        await plane.apply(SERVICECIDRS, extra)
        spec = {"clusterIP": "10.9.0.7", "ports": [{"port": 80}]}
        await plane.apply(SERVICES, {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": spec})
        await plane.client.delete(SERVICECIDRS, "extra")
        await plane.pass_time(11)
        condition = await _ready(plane, "extra")
        assert (condition["status"], condition["reason"]) == ("False", "Terminating")
        await plane.client.delete(SERVICES, "a", "default")
        await plane.pass_time(11)
        with pytest.raises(NotFound):
            await plane.get(SERVICECIDRS, "extra")
