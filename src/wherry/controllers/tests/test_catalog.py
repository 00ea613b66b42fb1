from __future__ import annotations

from collections import Counter

from wherry.controllers.catalog import Settings, controllers
from wherry.controllers.core.kubernetes.controller import Address

ALL = controllers(Settings(root_ca=lambda: "", address=Address("10.43.0.1", "192.0.2.2", 6443)))

SHARED = {"pods", "pods/status", "pods/status.conditions", "controllerrevisions.apps", "persistentvolumeclaims"}
"""Pods, revisions and claims are made by whoever controls them, and a Pod's end is noted by whoever ends it."""
SHARED |= {"jobs.batch"}
"""Jobs are made by CronJobs, and deleted by these or when their time is up."""


def test_names_are_given_once() -> None:
    assert max(Counter(controller.name for controller in ALL).values()) == 1


def test_no_two_controllers_write_the_same_fields() -> None:
    writers: dict[str, set[str]] = {}
    for controller in ALL:
        for field in controller.writes:
            writers.setdefault(field, set()).add(controller.name)
    contested = {field: names for field, names in writers.items() if len(names) > 1 and field not in SHARED}
    # The API server's own Endpoints and EndpointSlice have no selector, so their two writers never meet.
    assert set(contested) <= {"endpoints", "endpointslices.discovery.k8s.io"}
